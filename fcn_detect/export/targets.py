"""What a model can be exported to."""

from dataclasses import dataclass
from pathlib import Path

from fcn_detect.errors import SettingsError


@dataclass(frozen=True)
class Target:
    """One kind of exported file.

    Attributes:
        suffix: of the file; a key of `fcn_detect.nets.graph_files.GRAPH_FORMATS`.
        backend: that an export is measured with.
    """

    suffix: str
    backend: str


TARGETS = {
    "onnx": Target(".onnx", "onnxruntime"),
    "openvino": Target(".xml", "openvino"),
}


def target_of(name: str, output: Path) -> Target:
    """The target of that name.

    Raises:
        SettingsError: there is none, or the file to write has another ending than it takes.
    """
    if name not in TARGETS:
        raise SettingsError(f"--to {name}: a model is exported to {' or '.join(TARGETS)}")
    target = TARGETS[name]
    if output.suffix.lower() != target.suffix:
        raise SettingsError(
            f"-o {output}: an export to {name} is a file that ends in {target.suffix}"
        )
    return target
