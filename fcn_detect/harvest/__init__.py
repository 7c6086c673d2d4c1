"""From a run and a person's corrections of it to crops to train on."""

from fcn_detect.harvest.job import HarvestJob, HarvestSummary
from fcn_detect.harvest.placing import CropPlace
from fcn_detect.harvest.planning import KINDS, Cut, HarvestRules, Plan, plan_cuts
from fcn_detect.harvest.run import harvest

__all__ = [
    "KINDS",
    "CropPlace",
    "Cut",
    "HarvestJob",
    "HarvestRules",
    "HarvestSummary",
    "Plan",
    "harvest",
    "plan_cuts",
]
