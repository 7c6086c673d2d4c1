"""What the offset head can learn, and what it must not: nothing from backgrounds alone."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from fcn_detect.config import AugmentSettings, ModelSettings, data_path
from fcn_detect.images import find_images, read_image
from fcn_detect.nets import build_net
from fcn_detect.train.windows import WindowCutter

CROPS = data_path("data/person_crops")
MODEL = ModelSettings(crop=(128, 64), window=(112, 56))
OBJECT_BOX = (8.3, 8.0, 47.7, 104.0)
STEPS, BATCH = 300, 64

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CROPS.is_dir(), reason="data/person_crops is not there"),
]


def crops(part: str, label: str) -> torch.Tensor:
    """uint8 `(n, 3, 128, 64)`."""
    pixels = [read_image(path).pixels for path in find_images([CROPS / part / label])]
    return torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2)


def explained(label: str) -> list[float]:
    """R² of shift along x and y and of scale on crops not trained on, after a short training."""
    torch.manual_seed(0)
    augment = AugmentSettings(shift=6, scale=0.1, rotation=0, flip=0.5)
    cutter = WindowCutter(augment, MODEL, OBJECT_BOX)
    net = build_net("valid-small", MODEL.window_hw, outputs=3).train()
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=STEPS)
    seen = crops("train", label)
    for _ in range(STEPS):
        windows, offsets, _ = cutter(seen[torch.randint(0, len(seen), (BATCH,))])
        loss = F.smooth_l1_loss(net(windows.float()), offsets[:, :3])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    net.eval()
    windows, offsets, _ = cutter(crops("val", label).repeat(3, 1, 1, 1))
    with torch.inference_mode():
        errors = (net(windows.float()) - offsets[:, :3]).square().mean(dim=0)
    return (1 - errors / offsets[:, :3].var(dim=0)).tolist()


def test_nothing_is_learned_from_backgrounds():
    assert max(explained("background")) < 0.05


def test_people_tell_where_they_are():
    assert min(explained("person")) > 0.25
