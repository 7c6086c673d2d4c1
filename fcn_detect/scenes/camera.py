"""What a camera does to a picture: exposure, blur, noise and compression."""

import cv2
import numpy as np

from fcn_detect.scenes.chance import between, happens
from fcn_detect.scenes.raster import Image

_NOISE = 1024


def photograph(rng: np.random.Generator, image: Image) -> Image:
    """The picture as a camera of random quality would store it, uint8 RGB `(h, w, 3)`."""
    seen = _expose(rng, image)
    seen = np.asarray(cv2.GaussianBlur(seen, (0, 0), between(rng, 0.3, 0.8)), np.uint8)
    seen = _add_noise(rng, seen, between(rng, 0.5, 5.0))
    return _compress(seen, int(rng.integers(55, 97))) if happens(rng, 0.9) else seen


def _expose(rng: np.random.Generator, image: Image) -> Image:
    """Random gain, gamma and colour balance."""
    level = np.linspace(0, 1, 256)[:, None] ** between(rng, 0.8, 1.25)
    gains = between(rng, 0.8, 1.15) * (1 + rng.uniform(-0.05, 0.05, 3))
    lift = between(rng, 0, 0.05)
    table = np.clip(255 * (lift + (1 - lift) * level * gains), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(image, table[None]), np.uint8)


def _add_noise(rng: np.random.Generator, image: Image, strength: float) -> Image:
    """Adds grey and a little colour noise of a standard deviation, in grey levels."""
    height, width = image.shape[:2]
    patch_hw = min(height, _NOISE), min(width, _NOISE)
    grey = strength * rng.standard_normal(patch_hw, np.float32)
    patch = cv2.merge([grey + 0.4 * np.roll(grey, 5 + 8 * i, i % 2) for i in range(3)])
    patch = np.rint(patch).astype(np.int16)
    noisy = np.empty_like(image)
    for top in range(0, height, _NOISE):
        for left in range(0, width, _NOISE):
            part = image[top : top + _NOISE, left : left + _NOISE]
            shift = np.roll(patch, (top // 7, left // 5), (0, 1))[: part.shape[0], : part.shape[1]]
            noisy[top : top + _NOISE, left : left + _NOISE] = cv2.add(part, shift, dtype=cv2.CV_8U)
    return noisy


def _compress(image: Image, quality: int) -> Image:
    """The picture after JPEG compression."""
    _, code = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    stored = cv2.imdecode(code, cv2.IMREAD_COLOR)
    if stored is None:
        raise AssertionError("OpenCV cannot read the JPEG that it has just written")
    return np.ascontiguousarray(stored[..., ::-1], np.uint8)
