"""Which files are clips, and in what container."""

from pathlib import Path, PurePosixPath

from fcn_detect.images.addresses import Place
from fcn_detect.images.finding import CLIP_EXTENSIONS
from fcn_detect.images.sniffing import HEAD_BYTES, clip_format


def is_clip(place: Place) -> bool:
    """Whether a file is a clip: by its content, at an address by its name.

    False where it cannot be read; who reads it as a picture says why.
    """
    if not isinstance(place, Path):
        return PurePosixPath(place.name).suffix.lower() in CLIP_EXTENSIONS
    return container(place) is not None


def container(path: Path) -> str | None:
    """What holds the video of a file; None for other files. Pipes and devices are never opened."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            return clip_format(file.read(HEAD_BYTES))
    except (OSError, ValueError):
        return None
