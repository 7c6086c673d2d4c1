"""A model as a file that runs without torch: one graph, its header, its geometry."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from fcn_detect.headers import (
    EXPORT_KEY,
    HEADER_KEY,
    ExportedNet,
    probe_image,
    probe_values,
)
from fcn_detect.nets.conversion import FullyConvolutional, to_fully_convolutional
from fcn_detect.nets.folding import fold_normalisations
from fcn_detect.nets.normalize import normalisation_of
from fcn_detect.nets.onnx_graph import onnx_graph, save_onnx_graph
from fcn_detect.nets.openvino_graph import openvino_graph, save_openvino_graph
from fcn_detect.results import ModelHeader


@dataclass(frozen=True)
class GraphFormat:
    """How a graph is made and written.

    Attributes:
        make: the library's own graph of a converted net.
        save: writes such a graph to a path, with texts by name.
    """

    make: Callable[[FullyConvolutional], Any]
    save: Callable[[Any, Path, dict[str, str]], None]


GRAPH_FORMATS = {
    ".onnx": GraphFormat(onnx_graph, save_onnx_graph),
    ".xml": GraphFormat(openvino_graph, save_openvino_graph),
}


@dataclass(frozen=True, eq=False)
class ConvertedModel:
    """A model ready to be written as a graph.

    Attributes:
        header: of the model, with the stride asked for.
        net: its geometry.
        fcn: the converted net, on the processor, its normalisations folded.
    """

    header: ModelHeader
    net: ExportedNet
    fcn: FullyConvolutional

    def metadata(
        self, header: dict[str, Any] | None = None, net: dict[str, Any] | None = None
    ) -> dict[str, str]:
        """The texts that a file carries, with some fields of either changed."""
        return {
            HEADER_KEY: self.header.model_copy(update=header).model_dump_json(),
            EXPORT_KEY: self.net.model_copy(update=net).model_dump_json(),
        }


def convert_model(
    header: ModelHeader, classifier: nn.Module, stride: int | None = None, source: str = ""
) -> ConvertedModel:
    """A model's converted net, and what its files will say.

    Args:
        header: of the model.
        classifier: as it was trained.
        stride: pixels between windows; None means the net's own.
        source: name of the model's file.

    Raises:
        ConversionError: the net allows no such stride.
    """
    fcn = to_fully_convolutional(classifier.cpu(), header.crop_hw, stride)
    net = ExportedNet(
        source=source,
        parameters=sum(p.numel() for p in classifier.parameters()),
        crop_hw=fcn.crop_hw,
        stride_hw=fcn.stride_hw,
        exact=fcn.exact,
        units_hw=fcn.units_hw,
        receptive_field=fcn.receptive_field,
        probe=_probe(fcn),
    )
    header = header.model_copy(update={"normalisation": normalisation_of(classifier)})
    return ConvertedModel(header.converted(fcn.stride_hw), net, fold_normalisations(fcn))


@torch.no_grad()
def _probe(fcn: FullyConvolutional) -> tuple[float, ...]:
    pixels = torch.from_numpy(probe_image(fcn.crop_hw, fcn.stride_hw))
    maps: Tensor = fcn(pixels.permute(2, 0, 1)[None].float())
    return probe_values(maps[0].numpy())


def write_graph(model: ConvertedModel, path: Path) -> None:
    """Writes a file of the kind that its ending names, beside and renamed into place.

    Raises:
        MissingExtraError: the library that makes such graphs is not installed.
    """
    form = GRAPH_FORMATS[path.suffix.lower()]
    form.save(form.make(model.fcn), path, model.metadata())
