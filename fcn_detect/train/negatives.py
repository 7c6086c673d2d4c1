"""The photos without the object of one training: windows, false alarms, what was left out."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from fcn_detect.backends.torch_backend import TorchBackend
from fcn_detect.config import DetectSettings, Settings, data_path
from fcn_detect.detect import Detector, level_plan
from fcn_detect.errors import ModelError
from fcn_detect.files import open_atomically
from fcn_detect.images import contact_sheet
from fcn_detect.results import ModelHeader, Progress
from fcn_detect.train.crop_set import Skipped
from fcn_detect.train.group import Group
from fcn_detect.train.job import Say
from fcn_detect.train.mining import (
    FalseAlarms,
    Surroundings,
    find_false_alarms,
    joined_alarms,
    list_photos,
    random_windows,
)
from fcn_detect.train.room import stacked

HELD_BACK_KEEP = 0.01
HELD_BACK_PER_PHOTO = 100
FOUND_SHARE = 0.95


class Negatives:
    """Photos to learn from and photos held back; both lists are empty where none are set.

    Each process of a group searches a share of the photos, and all have what was found.

    Attributes:
        photos: to learn from.
        held_back: to count false alarms on.
        rounds: one record for each round of mining.
        by_phase: false alarms a photo held back, after each phase of the training, at the score
            that `FOUND_SHARE` of the validation objects reach.
        skipped: photos that could not be read.
    """

    def __init__(
        self,
        settings: Settings,
        header: ModelHeader,
        progress: Progress,
        group: Group | None = None,
    ) -> None:
        self.settings, self.header, self.progress = settings, header, progress
        self.group = group or Group()
        self.photos: list[Path] = []
        self.held_back: list[Path] = []
        self.rounds: list[dict[str, Any]] = []
        self.by_phase: list[float] = []
        self.skipped: list[Skipped] = []
        mining = settings.mining
        if mining.negatives is not None:
            folder = data_path(mining.negatives)
            apart = 0.0 if mining.validation else mining.held_back
            self.photos, self.held_back = list_photos(folder, apart)
        if mining.validation is not None:
            _, self.held_back = list_photos(data_path(mining.validation), mining.validation_share)
        model = settings.model
        self.around = Surroundings(model.crop, model.margins_hw)
        self.window_only = Surroundings(model.window_hw, (0, 0))

    def digest(self) -> str:
        """SHA-256, hexadecimal, of the names and sizes of all photos, by what they are used for."""
        lists = [
            [(path.name, path.stat().st_size) for path in photos if path.is_file()]
            for photos in (self.photos, self.held_back)
        ]
        return hashlib.sha256(repr(lists).encode(errors="surrogateescape")).hexdigest()

    def random_windows(self) -> NDArray[np.uint8]:
        """Windows at random scales and places, uint8 `(n, crop_h, crop_w, 3)`."""
        plan = level_plan(self.header, self._search_settings())
        per_photo = self.settings.mining.windows_per_photo if self.photos else 0
        seed = self.settings.train.seed
        photos = self.group.own(list(enumerate(self.photos if per_photo else [])))
        own = random_windows(photos, plan, per_photo, seed, self.around, self.progress)
        windows, skipped = zip(*self.group.from_all(own), strict=True)
        self.skipped += [skip for some in skipped for skip in some]
        return windows[0] if len(windows) == 1 else stacked(windows)

    def mine(self, round_: int, classifier: nn.Module, folder: Path, say: Say) -> NDArray[np.uint8]:
        """The false alarms of one round; kept as `mined-ROUND.npy`, the worst as a picture."""
        detector = Detector(self._backend(classifier), self._search_settings())
        per_photo = self.settings.mining.per_photo
        alarms = self._find(detector, self.photos, per_photo, self.around)
        scores = alarms.scores(self.header.calibration)
        found = len(scores)
        self.rounds.append(
            {
                "round": round_,
                "photos": alarms.photos,
                "windows": alarms.cells,
                "false_alarms": found,
            }
        )
        say(
            f"mining {round_}: {found} false alarms in {alarms.photos} photos, "
            f"{found / max(1, alarms.photos):.2f} a photo"
        )
        if self.group.is_first:
            with open_atomically(_mined_file(folder, round_)) as file:
                np.save(file, alarms.windows)
            worst = np.argsort(-scores, kind="stable")[:96]
            captions = [f"{scores[i]:.3f}" for i in worst]
            contact_sheet(alarms.windows[worst], captions, folder / f"mined-{round_}.png")
        return alarms.windows

    def mined_before(self, round_: int, folder: Path) -> NDArray[np.uint8]:
        """The false alarms that an earlier start found.

        Raises:
            ModelError: their file is gone.
        """
        path = _mined_file(folder, round_)
        if not path.exists():
            raise ModelError(f"{path} is gone, so nothing can be resumed; train without --resume")
        return np.asarray(np.load(path), np.uint8)

    def count_false_alarms(self, classifier: nn.Module) -> FalseAlarms | None:
        """The false alarms in the photos held back, down to low scores; None without photos."""
        if not self.held_back:
            return None
        settings = self._search_settings().model_copy(update={"keep": HELD_BACK_KEEP})
        detector = Detector(self._backend(classifier), settings)
        return self._find(detector, self.held_back, HELD_BACK_PER_PHOTO, self.window_only)

    def _find(
        self, detector: Detector, photos: list[Path], per_photo: int, around: Surroundings
    ) -> FalseAlarms:
        own = find_false_alarms(detector, self.group.own(photos), per_photo, around, self.progress)
        shares, skipped = zip(*self.group.from_all(own), strict=True)
        found = [skip for some in skipped for skip in some]
        self.skipped += [skip for skip in found if skip not in self.skipped]
        return joined_alarms(shares)

    def count_after_phase(
        self, classifier: nn.Module, object_scores: NDArray[np.float64], say: Say
    ) -> None:
        """Counts false alarms in the photos held back, by the same yardstick after each phase.

        Args:
            classifier: as it is now.
            object_scores: `(n,)` probabilities of the validation objects, by the same classifier.
            say: is told.
        """
        alarms = self.count_false_alarms(classifier)
        if alarms is None:
            self.by_phase.append(0.0)
            return
        threshold = float(np.quantile(object_scores, 1 - FOUND_SHARE))
        count = int((alarms.scores(self.header.calibration) >= threshold).sum())
        self.by_phase.append(count / max(1, alarms.photos))
        say(
            f"{count} false alarms in {alarms.photos} photos held back, {self.by_phase[-1]:.3f} a "
            f"photo, where {FOUND_SHARE:.0%} of the validation objects are found"
        )

    def _search_settings(self) -> DetectSettings:
        mining = self.settings.mining
        return self.settings.detect.model_copy(
            update={
                "min_height": mining.min_height,
                "max_height": None,
                "keep": mining.threshold,
                "stride": None,
                "reduced_reading": False,  # windows are cut from the photo itself
            }
        )

    def _backend(self, classifier: nn.Module) -> TorchBackend:
        return TorchBackend(self.header, classifier)


def _mined_file(folder: Path, round_: int) -> Path:
    return folder / f"mined-{round_}.npy"
