"""A net that has learned the same crops, and whose judgement a smaller one learns beside them."""

import torch
from torch import Tensor
from torch.nn import functional as F

from fcn_detect.backends import find_model
from fcn_detect.errors import SettingsError
from fcn_detect.nets import load_model
from fcn_detect.results import ModelHeader


class Teacher:
    """Says of augmented windows how likely each class is.

    A crop's own class says nothing of what is left of it in a window: half hidden, blurred, turned.
    The teacher has seen many such windows and says so, of each window and, where objects may be
    mirrored, of its mirror image too: its mean judgement is better than either.

    Args:
        model: its file, or the name of a shipped model.
        student: header of the net that learns from it.
        mirrors: whether mirrored objects are objects.

    Raises:
        ModelError: there is no such model, or its file is damaged.
        SettingsError: it knows other classes, or its windows have another shape.

    Source: Hinton, Vinyals, Dean, "Distilling the Knowledge in a Neural Network", 2015, at
    temperature 1.
    """

    def __init__(self, model: str, student: ModelHeader, mirrors: bool = False) -> None:
        header, classifier = load_model(find_model(model))
        if header.labels != student.labels:
            raise SettingsError(
                f"train.teacher: {model} knows {', '.join(header.labels)}, and the crops show "
                f"{', '.join(student.labels)}"
            )
        (height, width), (own_height, own_width) = header.crop_hw, student.crop_hw
        if height * own_width != width * own_height:
            raise SettingsError(
                f"train.teacher: windows of {model} are {width}x{height}, of another shape than "
                f"{own_width}x{own_height}"
            )
        self.header, self.mirrors = header, mirrors
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.classifier = classifier.to(self.device).to(memory_format=torch.channels_last)

    def __call__(self, windows: Tensor) -> Tensor:
        """Probabilities of windows, uint8 `(n, 3, h, w)`, by class: float32 `(n, outputs)`."""
        own = windows.to(self.device).float()
        if own.shape[2:] != self.header.crop_hw:
            own = F.interpolate(own, self.header.crop_hw, mode="bilinear", antialias=True)
        both = torch.cat([own, own.flip(3)]) if self.mirrors else own
        with torch.no_grad():
            logits = self.classifier(both.contiguous(memory_format=torch.channels_last))
        logits = logits[:, : self.header.outputs].float()
        if self.mirrors:
            logits = logits.view(2, len(windows), -1).mean(dim=0)
        return torch.sigmoid(logits) if self.header.outputs == 1 else torch.softmax(logits, dim=1)
