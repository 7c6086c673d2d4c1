"""What int8 costs in detections, by recipe and by number of calibration levels.

    python scripts/bench/int8.py -m person --set penn_fudan --min-height 96 [--data data]

Each recipe is measured twice on the same frames: by annotations, and by agreement with the float
model's own detections. Runs on OpenVINO; prints one line a recipe.
"""

import argparse
import tempfile
from pathlib import Path

from fcn_detect.backends import find_model
from fcn_detect.backends.openvino_backend import OpenvinoBackend
from fcn_detect.config import DetectSettings, data_path
from fcn_detect.detect import Detector
from fcn_detect.export.cost import CostMeter
from fcn_detect.export.frames import calibration_levels, find_frames
from fcn_detect.export.int8 import LARGEST_LEVEL
from fcn_detect.export.quantization import Recipe, quantize
from fcn_detect.formats import read_annotations
from fcn_detect.nets import load_model
from fcn_detect.nets.graph_files import GRAPH_FORMATS, convert_model
from fcn_detect.nets.widening import widen_for_int8
from fcn_detect.results import silent

TRIED = [
    (100, Recipe("all layers in int8", ends_in_float=False)),
    (300, Recipe("all layers in int8", ends_in_float=False)),
    (300, Recipe("all layers in int8, slow bias correction", ends_in_float=False, fast_bias=False)),
    (100, Recipe("ends in float32")),
    (300, Recipe("ends in float32")),
    (300, Recipe("ends in float32, slow bias correction", fast_bias=False)),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-m", "--model", default="person")
    parser.add_argument("--set", default="penn_fudan")
    parser.add_argument("--data", type=Path, default=data_path("data"))
    parser.add_argument("--min-height", type=float, default=96)
    args = parser.parse_args()
    form = GRAPH_FORMATS[".xml"]
    model = convert_model(*load_model(find_model(args.model)))
    graph = form.make(widen_for_int8(model.fcn))
    frames = find_frames(args.data / args.set / "images")
    annotations = read_annotations(args.data / args.set / "annotations.json")
    settings = DetectSettings.model_validate({**model.header.detect, "min_height": args.min_height})
    with tempfile.TemporaryDirectory() as folder:

        def detector(graph: object, name: str) -> Detector:
            path = Path(folder) / f"{name}.xml"
            form.save(graph, path, model.metadata())
            return Detector(OpenvinoBackend(path), settings)

        floating = detector(graph, "float")
        meters = [CostMeter(floating, frames, truth, silent) for truth in (annotations, None)]
        for i, (count, recipe) in enumerate(TRIED):
            levels = calibration_levels(frames, floating, count, LARGEST_LEVEL)
            int8 = detector(quantize(graph, levels, recipe), str(i))
            costs = [meter.measure(int8) for meter in meters]
            figures = "; ".join(
                f"{cost.truth}: AP50 {cost.ap50:.4f} -> {cost.int8_ap50:.4f}, miss rate "
                f"{cost.miss_rate:.4f} -> {cost.int8_miss_rate:.4f}"
                for cost in costs
            )
            print(f"{args.set}, {len(levels)} levels, {recipe.name}: {figures}", flush=True)


if __name__ == "__main__":
    main()
