from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcn_detect.formats import ImageCorrections, MarkedBox
from fcn_detect.geometry import box_intersections, box_iou
from fcn_detect.harvest import CropPlace, HarvestRules, plan_cuts
from fcn_detect.results import Detections, ImageResult

RULES = HarvestRules(CropPlace((64, 32), (6.0, 8.0, 26.0, 56.0)), backgrounds=8, min_height=48)
FOUND = np.array([[10, 10, 30, 58], [100, 10, 120, 58], [200, 10, 220, 58]], np.float32)
SCORES = np.array([0.9, 0.5, 0.2], np.float32)
RESULT = ImageResult("a.jpg", 640, 480, Detections(FOUND, SCORES, ["person"] * 3))


def marked(box, score=None):
    return MarkedBox(label="person", box=tuple(map(float, box)), score=score)


def cuts_of(plan, kind):
    return [cut for cut in plan.cuts if cut.kind == kind]


def test_every_mark_becomes_a_crop_of_its_class():
    missed = marked((300, 100, 320, 150))
    marks = ImageCorrections(
        image="a.jpg",
        confirmed=(marked(FOUND[0], 0.9),),
        wrong=(marked(FOUND[1]),),
        missed=(missed,),
    )
    plan = plan_cuts(RESULT, marks, RULES)
    assert [(cut.kind, cut.label) for cut in plan.cuts] == [
        ("confirmed", "person"),
        ("missed", "person"),
        ("wrong", None),
    ]
    assert plan.cuts[1].box == missed.box
    assert not plan.left_out


def test_a_checked_image_gives_its_false_alarms_first_best_score_first():
    marks = ImageCorrections(image="a.jpg", checked=True, wrong=(marked(FOUND[1]),))
    background = cuts_of(plan_cuts(RESULT, marks, RULES), "background")
    assert len(background) == 8
    assert [cut.score for cut in background[:3]] == [pytest.approx(0.9), pytest.approx(0.2), None]


@given(st.lists(st.tuples(st.floats(0, 500), st.floats(0, 300), st.floats(20, 150)), max_size=8))
def test_background_never_lies_on_an_object(objects):
    boxes = [(x, y, x + h * 0.4, y + h) for x, y, h in objects]
    marks = ImageCorrections(
        image="a.jpg", checked=True, missed=tuple(map(marked, boxes)), wrong=(marked(FOUND[0]),)
    )
    plan = plan_cuts(RESULT, marks, RULES)
    truth = np.array(boxes).reshape(-1, 4)
    for cut in cuts_of(plan, "background") + cuts_of(plan, "wrong"):
        assert box_iou(np.array([cut.box]), truth).max(initial=0) <= 0.3
        if cut.kind == "background" and cut.score is None:
            assert not box_intersections(np.array([cut.box]), truth).any()
            assert cut.box[0] >= 0
            assert cut.box[1] >= 0
            assert cut.box[2] <= 640 + 1e-6
            assert cut.box[3] <= 480 + 1e-6
            assert cut.box[3] - cut.box[1] >= 48 - 1e-6


def test_what_cannot_be_cut_is_counted_with_its_reason():
    marks = ImageCorrections(
        image="a.jpg",
        confirmed=(marked(FOUND[0]),),
        missed=(marked((50, 50, 53, 58)), marked((700, 50, 720, 98))),
        wrong=(marked((12, 10, 32, 58)), marked((10, 490, 30, 538))),
    )
    plan = plan_cuts(RESULT, marks, RULES)
    assert [cut.kind for cut in plan.cuts] == ["confirmed"]
    assert plan.left_out == {
        "less than 12 px tall": 1,
        "outside the image": 2,
        "wrong, but on an object": 1,
    }


def test_places_depend_on_the_image_and_the_seed_alone():
    marks = ImageCorrections(image="a.jpg", checked=True)
    first, again = plan_cuts(RESULT, marks, RULES), plan_cuts(RESULT, marks, RULES)
    assert first.cuts == again.cuts
    assert plan_cuts(RESULT, marks, replace(RULES, seed=1)).cuts != first.cuts
    assert plan_cuts(replace(RESULT, image="b.jpg"), marks, RULES).cuts != first.cuts
