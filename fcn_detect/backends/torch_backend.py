"""PyTorch, on CPUs and GPUs: the reference runtime."""

from contextlib import AbstractContextManager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fcn_detect.backends.base import Pixels, telling_memory
from fcn_detect.backends.device_frames import DeviceFrames
from fcn_detect.errors import ModelError, SettingsError, first_line
from fcn_detect.nets import build_net, fold_batch_norms, to_fully_convolutional
from fcn_detect.results import ModelHeader


class TorchBackend:
    """Runs the converted net with its batch norms folded; also keeps the crop classifier.

    Attributes:
        header: of the model, with the stride asked for.
        fcn: the converted net.
        classifier: the net as it was trained, in eval mode.
        device: where both live.
        threads: that PyTorch runs on, in all of this process.
        precision: what the converted net computes in, `float32` or `bfloat16`; the classifier
            always computes in float32.
        frames: searches whole frames on a GPU; None elsewhere.

    Raises:
        ModelError: the header's stride or exactness is not the net's.
    """

    name = "torch"

    def __init__(
        self,
        header: ModelHeader,
        classifier: nn.Module,
        device: str | None = None,
        stride: int | None = None,
        threads: int | None = None,
        precision: str = "float32",
    ) -> None:
        if threads is not None:
            torch.set_num_threads(threads)
        self.device, self.threads = pick_device(device), torch.get_num_threads()
        self.place, self.precision = self.device.type, precision
        self.classifier = classifier.eval().to(self.device)
        self.fcn = to_fully_convolutional(classifier, header.crop_hw, stride)
        stride_hw = header.stride_hw if stride is None else (stride, stride)
        facts = [(stride_hw, header.exact), (self.fcn.stride_hw, self.fcn.exact)]
        if facts[0] != facts[1]:
            raise ModelError(
                f"the model's header says stride and exactness {facts[0]}, its net has {facts[1]}; "
                "the file is damaged"
            )
        self.header = header.converted(stride_hw)
        self._folded = fold_batch_norms(self.fcn).to(memory_format=torch.channels_last)
        on_gpu = self.device.type == "cuda"
        self.frames = DeviceFrames.on_gpu(self.run, self.device) if on_gpu else None

    def maps(self, images: Pixels) -> NDArray[np.float32]:
        """Logits, then offsets, of every window.

        RGB `(n, h, w, 3)` to float32 `(n, header.channels, rows, cols)`.
        """
        with torch.inference_mode(), telling_memory(RuntimeError):
            return self.run(self._to_device(images)).cpu().numpy()

    def run(self, images: Tensor) -> Tensor:
        """The same from and to tensors on the device; nothing waits for it."""
        with torch.inference_mode(), _float32_as_it_is(), self._precision():
            maps: Tensor = self._folded(_to_floats(images))
            return maps.float()

    def classify(self, crops: Pixels, batch_size: int = 256) -> NDArray[np.float32]:
        """What the unconverted classifier gives: `(n, crop_h, crop_w, 3)` to `(n, channels)`."""
        with torch.inference_mode(), _float32_as_it_is():
            batches = [
                self.classifier(_to_floats(self._to_device(crops[i : i + batch_size]))).cpu()
                for i in range(0, len(crops), batch_size)
            ]
        outputs = torch.cat(batches) if batches else torch.zeros(0, self.header.channels)
        return outputs.numpy()

    def _precision(self) -> AbstractContextManager[None]:
        on = self.precision == "bfloat16"
        # what is cached in a captured graph would be lost outside of it
        return torch.autocast(self.device.type, torch.bfloat16, enabled=on, cache_enabled=False)

    def _to_device(self, images: Pixels) -> Tensor:
        tensor = torch.from_numpy(np.ascontiguousarray(images))
        if self.device.type == "cuda":
            tensor = tensor.pin_memory()  # bytes are copied while the GPU works
        return tensor.to(self.device, non_blocking=True)


def _to_floats(images: Tensor) -> Tensor:
    """uint8 `(n, h, w, 3)` to float32 `(n, 3, h, w)` in [0, 255], channels last in memory."""
    return images.permute(0, 3, 1, 2).float()


def _float32_as_it_is() -> AbstractContextManager[None]:
    """A GPU computes float32 in float32, where PyTorch would round to TF32's 10 bits.

    Its fastest algorithm for a size is found once: canvases come in few sizes.
    """
    return torch.backends.cudnn.flags(enabled=True, benchmark=True, allow_tf32=False)


def untrained(net: str, crop_hw: tuple[int, int] = (128, 64)) -> tuple[ModelHeader, nn.Module]:
    """A net by name with random weights, and a header for it: one class, the whole crop."""
    torch.manual_seed(0)
    classifier = build_net(net, crop_hw, outputs=1).eval()
    fcn = to_fully_convolutional(classifier, crop_hw)
    header = ModelHeader(
        net=net,
        crop_hw=crop_hw,
        labels=("object",),
        object_box=(0.0, 0.0, float(crop_hw[1]), float(crop_hw[0])),
        stride_hw=fcn.stride_hw,
        exact=fcn.exact,
    )
    return header, classifier


def pick_device(device: str | None) -> torch.device:
    """The device of that name; None means a GPU where there is one.

    Raises:
        SettingsError: torch knows no such device, or it is not there.
    """
    if device is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise SettingsError(f"device '{device}' cannot be used: {first_line(error)}") from None
    return torch.device(device)
