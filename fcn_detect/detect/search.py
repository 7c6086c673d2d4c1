"""What searching one image gave."""

from dataclasses import dataclass

from fcn_detect.backends import Pixels
from fcn_detect.geometry import Level
from fcn_detect.images import LoadedImage, Octaves
from fcn_detect.postprocess import Candidates
from fcn_detect.results import Detections, ScoreMap


@dataclass(frozen=True, eq=False)
class Search:
    """Everything that searching one image gave.

    Attributes:
        image: as it was read.
        levels: the pyramid.
        score_maps: one a level.
        detections: the boxes that stay.
        candidates: the cell behind each detection, in the same order; boxes are not clipped.
        warnings: what the user should know.
    """

    image: LoadedImage
    levels: list[Level]
    score_maps: list[ScoreMap]
    detections: Detections
    candidates: Candidates
    warnings: tuple[str, ...]

    @property
    def pixels(self) -> Pixels:
        """The image as searched, RGB uint8; smaller than the file's where it was `image.halved`."""
        return self.image.pixels

    @property
    def octaves(self) -> Octaves:
        """The image and its halves."""
        return self.image.halves()
