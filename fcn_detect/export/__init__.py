"""Models as files that run without PyTorch, each with a report of what that changes."""

from fcn_detect.export.cost import Cost
from fcn_detect.export.equivalence import EquivalenceReport, MapEquivalence, compare_backends
from fcn_detect.export.int8 import RECIPES, Calibration, Int8Attempt
from fcn_detect.export.job import ExportJob, ExportReport, export_model
from fcn_detect.export.quantization import Recipe
from fcn_detect.export.targets import TARGETS, Target

__all__ = [
    "RECIPES",
    "TARGETS",
    "Calibration",
    "Cost",
    "EquivalenceReport",
    "ExportJob",
    "ExportReport",
    "Int8Attempt",
    "MapEquivalence",
    "Recipe",
    "Target",
    "compare_backends",
    "export_model",
]
