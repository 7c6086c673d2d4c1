"""Each window scored twice, as it is and as its mirror image."""

import numpy as np
from numpy.typing import NDArray

from fcn_detect.backends.base import Backend, Pixels
from fcn_detect.errors import SettingsError
from fcn_detect.results import ModelHeader

# Pixels by which an object box may lie off the middle of its window.
OFF_THE_MIDDLE = 0.5


class MirroredBackend:
    """Gives the means of what a net says of windows and of their mirror images.

    It is a backend like any other, so that canvases, tiles, batches and streams go through it.
    Attributes are those of the backend that it asks twice.

    Raises:
        SettingsError: mirrored objects are no objects to this net, or stand elsewhere in its
            windows.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend, self.header = backend, backend.header
        self.name, self.place, self.threads = backend.name, backend.place, backend.threads
        check_mirrored(self.header)

    def maps(self, images: Pixels) -> NDArray[np.float32]:
        """Logits, then offsets, of every window; see `Backend.maps`."""
        own = self._backend.maps(images)
        # windows of the mirror image lie where ours do once there are no columns left over
        width = images.shape[2]
        width -= (width - self.header.crop_hw[1]) % self.header.stride_hw[1]
        mirrored = self._backend.maps(np.ascontiguousarray(images[:, :, :width][:, :, ::-1]))
        mirrored = mirrored[..., ::-1]
        if "x" in self.header.offsets:
            mirrored[:, self.header.outputs + self.header.offsets.index("x")] *= -1
        return (own + mirrored) * np.float32(0.5)


def check_mirrored(header: ModelHeader) -> None:
    """Nothing, if a model's objects may be looked for in mirror images.

    Raises:
        SettingsError: as `MirroredBackend`.
    """
    if header.training.get("augment", {}).get("flip") == 0:
        raise SettingsError(
            "--mirrored: mirrored objects are no objects to this model (augment.flip was 0)"
        )
    x0, _, x1, _ = header.object_box
    away = (x0 + x1 - header.crop_hw[1]) / 2
    if abs(away) > OFF_THE_MIDDLE:
        raise SettingsError(
            f"--mirrored: objects stand {abs(away):g} px off the middle of this model's windows, "
            "and would stand elsewhere in a mirror image"
        )
