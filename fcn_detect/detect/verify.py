"""The proof: the dense score map against the unconverted classifier, window by window."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fcn_detect.backends import Backend, CropClassifier, Pixels
from fcn_detect.detect.dense import level_pixels, score_level
from fcn_detect.detect.sliding_window import classify_windows, cut_windows
from fcn_detect.geometry import Level
from fcn_detect.results import TOLERANCE, scale_of


class Verifiable(Backend, Protocol):
    """A backend that also has the unconverted classifier."""

    def classify(self, crops: Pixels) -> NDArray[np.float32]:
        """RGB `(n, crop_h, crop_w, 3)` to logits, then offsets, float32 `(n, channels)`."""
        ...


class WithClassifier:
    """A backend's maps, and another's classifier: what `verify` compares.

    Attributes:
        name: of the backend that gives the maps.
        header: of the model.
        classify: the unconverted classifier.
    """

    def __init__(self, backend: Backend, classify: CropClassifier) -> None:
        self.name, self.header = backend.name, backend.header
        self.place, self.threads = backend.place, backend.threads
        self.maps, self.classify = backend.maps, classify


@dataclass(frozen=True)
class ImageEquivalence:
    """How far dense scores lie from crop-by-crop scores on one image.

    A difference is max|a - b| / max(1, max|b|), over logits and offsets; a decision counts as
    flipped when the most likely class changes by more than the tolerance.

    Attributes:
        image: its name.
        windows: number compared.
        max_difference: over all windows.
        mean_difference: over all windows.
        flipped: decisions that changed.
        worst_window: x0, y0, x1, y1 in source pixels of the window that differs most.
        head_difference: the converted net on single crops against the classifier on them: the
            head alone, on one and the same feature map.
    """

    image: str
    windows: int
    max_difference: float
    mean_difference: float
    flipped: int
    worst_window: tuple[float, float, float, float]
    head_difference: float


@dataclass(frozen=True)
class EquivalenceReport:
    """The equivalence of a model on several images.

    Attributes:
        exact: what the net is called: True promises equality to `tolerance`.
        tolerance: largest difference allowed.
        images: one entry an image.
    """

    exact: bool
    tolerance: float
    images: list[ImageEquivalence]

    @property
    def holds(self) -> bool:
        """Whether the promise is kept: windows where the net is exact, else the head alone."""
        return all(
            image.head_difference <= self.tolerance
            and (not self.exact or (image.max_difference <= self.tolerance and image.flipped == 0))
            for image in self.images
        )

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "exact": self.exact,
            "holds": self.holds,
            "tolerance": self.tolerance,
            "windows": sum(image.windows for image in self.images),
            "max_difference": max((i.max_difference for i in self.images), default=0.0),
            "flipped": sum(image.flipped for image in self.images),
            "images": [asdict(image) for image in self.images],
        }


def verify_images(
    backend: Verifiable, images: Iterable[tuple[str, Pixels, Level]]
) -> Iterator[ImageEquivalence]:
    """Compares the dense map with the sliding window on one level of each image.

    Args:
        backend: runs the converted net and has the classifier.
        images: name, RGB uint8 `(h, w, 3)`, and the level compared.
    """
    for name, image, level in images:
        yield compare_level(backend, name, image, level)


def compare_level(backend: Verifiable, name: str, image: Pixels, level: Level) -> ImageEquivalence:
    """The equivalence on one level of one image: every window is compared."""
    dense = score_level(backend, image, level)
    pixels = level_pixels(image, level)
    oracle = classify_windows(backend.classify, pixels, dense.grid, outputs=backend.header.outputs)
    distance = differences(dense.values, oracle.values)
    worst = np.unravel_index(np.argmax(distance), distance.shape)
    window = dense.grid.windows_xyxy(*(np.array([i]) for i in worst))[0]
    return ImageEquivalence(
        image=name,
        windows=distance.size,
        max_difference=float(distance.max()),
        mean_difference=float(distance.mean()),
        flipped=flipped_decisions(dense.logits, oracle.logits),
        worst_window=tuple(round(float(v), 2) for v in window),  # type: ignore[arg-type]
        head_difference=_head_difference(backend, pixels, dense.grid, oracle.values),
    )


def differences(values: NDArray[np.float32], reference: NDArray[np.float32]) -> Any:
    """How far each window's values lie from the reference, of its scale: `(rows, cols)`."""
    return np.abs(values - reference).max(axis=0) / scale_of(reference)


def flipped_decisions(dense: NDArray[np.float32], oracle: NDArray[np.float32]) -> int:
    """Windows whose class changes although the oracle's margin is beyond the tolerance."""
    if len(oracle) == 1:
        margin = np.abs(oracle[0])
        changed = (dense[0] > 0) != (oracle[0] > 0)
    else:
        best_two = np.sort(oracle, axis=0)[-2:]
        margin = best_two[1] - best_two[0]
        changed = dense.argmax(axis=0) != oracle.argmax(axis=0)
    return int((changed & (margin > TOLERANCE * scale_of(oracle))).sum())


def _head_difference(
    backend: Verifiable, pixels: Pixels, grid: Any, oracle: NDArray[np.float32], sample: int = 64
) -> float:
    """The converted net on single crops, spread over the map, against the classifier."""
    cells = np.linspace(0, grid.size_hw[0] * grid.size_hw[1] - 1, sample).astype(int)
    rows, cols = np.unravel_index(np.unique(cells), grid.size_hw)
    converted = backend.maps(cut_windows(pixels, grid, rows, cols))[:, :, 0, 0].T
    return float(np.abs(converted - oracle[:, rows, cols]).max()) / scale_of(oracle)
