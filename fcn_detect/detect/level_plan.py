"""Which levels a model's pyramids have, from its header and the settings."""

import numpy as np

from fcn_detect.config import DetectSettings
from fcn_detect.errors import SettingsError
from fcn_detect.geometry import PyramidPlan
from fcn_detect.results import ModelHeader


def level_plan(header: ModelHeader, settings: DetectSettings | None = None) -> PyramidPlan:
    """What a model's pyramids have in common, whatever the image.

    Raises:
        SettingsError: the settings ask for what the model cannot do.
    """
    settings = settings or DetectSettings.model_validate(header.detect)
    if settings.stride is not None and header.stride_hw != (settings.stride, settings.stride):
        raise SettingsError(
            f"--stride {settings.stride}: the network was opened with a stride of "
            f"{header.stride_hw[0]}"
        )
    _, y0, _, y1 = header.object_box
    plan = PyramidPlan(
        crop_hw=header.crop_hw,
        stride_hw=header.stride_hw,
        object_box_xyxy=header.object_box,
        min_height=settings.min_height or y1 - y0,
        max_height=settings.max_height,
        step=settings.step,
        border=settings.border,
        max_enlargement=settings.max_enlargement,
    )
    if plan.max_height is not None and plan.max_height < plan.min_height:
        raise SettingsError(
            f"--max-height {plan.max_height:g} is below the smallest object looked for, "
            f"{plan.min_height:g} px (--min-height)"
        )
    if plan.max_height is not None and plan.object_height / plan.max_height > plan.max_enlargement:
        raise SettingsError(
            f"--max-height {plan.max_height:g}: such small objects would have to be enlarged "
            f"{plan.object_height / plan.max_height:.1f} times, and max_enlargement is "
            f"{plan.max_enlargement:g}; raise one of the two"
        )
    return plan


def why_too_small(plan: PyramidPlan, image_hw: tuple[int, int]) -> str:
    """Of an image in which no window fits: what was found, and what would help."""
    needed = plan.smallest_scale(image_hw)
    height = plan.object_height / needed
    found = f"{image_hw[1]}x{image_hw[0]} px: no window fits"
    if needed <= plan.max_enlargement:
        return f"{found}; --min-height {np.floor(height * 10) / 10:g} or less would fit one"
    return (
        f"{found} at the largest enlargement, {plan.max_enlargement:g}; it would take {needed:.1f}"
    )
