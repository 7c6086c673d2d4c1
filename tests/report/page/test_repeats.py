import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcn_detect.report.page.repeats import RepeatFinder, RepeatRule, SpotIndex
from fcn_detect.results import Detections, Failure, ImageResult

RULE = RepeatRule(images=5, overlap=0.7, least_score=0.2)
POST = (100.0, 40.0, 140.0, 120.0)


def record(name, *rows, size_hw=(240, 320)):
    """A record of rows (label, score, box)."""
    found = Detections(
        np.array([row[2] for row in rows], np.float32).reshape(-1, 4),
        np.array([row[1] for row in rows], np.float32),
        [row[0] for row in rows],
    )
    return ImageResult(name, size_hw[1], size_hw[0], found)


def spots_of(records, rule=RULE):
    finder = RepeatFinder(rule)
    for one in records:
        finder.see(one)
    return finder.spots()


def jittered(i):
    return tuple(value + (i * 7 % 5 - 2) for value in POST)


def test_a_spot_seen_in_enough_images_of_one_folder_is_marked():
    records = [record(f"cam1/{i}.jpg", ("dog", 0.5 + i / 100, jittered(i))) for i in range(5)]
    (spot,) = spots_of(records)
    assert spot.view == ("cam1", 320, 240, "dog")
    assert spot.images == 5
    assert spot.box == pytest.approx(POST, abs=2)
    assert (spot.first, spot.last) == ("cam1/0.jpg", "cam1/4.jpg")
    assert spot.best_score == pytest.approx(0.54)
    assert spots_of(records[:4]) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda i: record(f"cam{i % 2}/{i}.jpg", ("dog", 0.5, POST)),
        lambda i: record(f"cam/{i}.jpg", (f"dog{i % 2}", 0.5, POST)),
        lambda i: record(f"cam/{i}.jpg", ("dog", 0.5, POST), size_hw=(240 + i % 2, 320)),
        lambda i: record(f"cam/{i}.jpg", ("dog", 0.5 if i % 2 else 0.1, POST)),
        lambda i: record(f"cam/{i}.jpg", ("dog", 0.5, (20.0 * i, 40, 40 + 20 * i, 120))),
    ],
    ids=["other folder", "other label", "other size", "too weak", "moving"],
)
def test_what_is_not_at_one_spot_of_one_view_is_no_repeat(change):
    assert spots_of([change(i) for i in range(8)]) == []


def test_an_image_counts_once_at_a_spot():
    crowd = [("dog", 0.9 - k / 100, jittered(k)) for k in range(9)]
    assert spots_of([record("cam/0.jpg", *crowd)]) == []


def test_failed_images_are_passed_over():
    failed = ImageResult("cam/x.jpg", None, None, None, Failure("empty", "nothing"))
    records = [record(f"cam/{i}.jpg", ("dog", 0.5, POST)) for i in range(5)]
    assert spots_of([failed, *records]) == spots_of(records)


def test_what_was_not_seen_for_long_is_forgotten_and_what_was_seen_often_is_not():
    rule = RepeatRule(images=3, overlap=0.7, least_score=0.2, patience=10)
    often = [record(f"cam/a{i}.jpg", ("dog", 0.5, POST)) for i in range(3)]
    rare = [
        record(
            f"cam/b{i:02d}.jpg",
            ("dog", 0.5, (200, 10, 230, 40) if i % 25 == 0 else (i, 0, i + 2, 2)),
        )
        for i in range(60)
    ]
    finder = RepeatFinder(rule)
    for one in often + rare:
        finder.see(one)
    assert [spot.box for spot in finder.spots()] == [POST]
    assert len(next(iter(finder._seen.values())).boxes) < 30


@given(st.permutations(range(8)))
def test_spots_do_not_depend_on_the_order_of_distant_detections(order):
    places = [(40.0 * k, 10.0, 40.0 * k + 20, 60.0) for k in range(8)]
    records = [
        record(f"cam/{i}.jpg", *[("dog", 0.5, places[k]) for k in order])
        for i in range(RULE.images)
    ]
    assert sorted(spot.box for spot in spots_of(records)) == places


def test_each_detection_finds_its_spot():
    records = [
        record(
            f"cam/{i}.jpg",
            ("dog", 0.9, POST),
            ("cat", 0.8, POST),
            ("dog", 0.5, (5.0 + 9 * i, 5, 30 + 9 * i, 30)),
        )
        for i in range(6)
    ]
    spots = spots_of(records)
    index = SpotIndex(spots, RULE.overlap)
    numbers = index.spots_of(records[3])
    assert [spots[n].view.label if n >= 0 else None for n in numbers] == ["dog", "cat", None]
    elsewhere = record("other/1.jpg", ("dog", 0.9, POST))
    assert SpotIndex(spots, 0.7).spots_of(elsewhere).tolist() == [-1]
    assert SpotIndex([], 0.7).spots_of(elsewhere).tolist() == [-1]
