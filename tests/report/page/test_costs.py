import json

import pytest

from fcn_detect.config import DetectSettings
from fcn_detect.detect import level_plan
from fcn_detect.geometry import count_windows
from fcn_detect.postprocess import score_for_false_alarms
from fcn_detect.report.page.costs import Costs
from fcn_detect.report.page.run_source import RunSource


@pytest.fixture
def costs(tmp_path, make_run):
    """What a run of some facts knows of its thresholds."""
    return lambda **facts: Costs.of(RunSource.open(make_run(tmp_path, [], **facts)))


def test_the_table_and_the_windows_are_those_of_the_models_header(costs, header):
    known = costs()
    plan = level_plan(header, DetectSettings(min_height=24.0))
    assert known.threshold == 0.6
    assert known.table == header.false_alarms
    assert known.windows((120, 160)) == count_windows((120, 160), plan) > 100


def test_the_rows_begin_above_the_best_false_alarm_and_bracket_each_count(costs, header):
    none, *counted = costs().rows()
    assert none[:3] == [1.0, 0.0, 0.0]
    assert [(rate, score) for score, rate, _, _ in counted] == list(header.false_alarms)
    assert none[3] == pytest.approx(3.67, abs=0.01)  # a million windows were counted
    assert all(least < rate < most for _, rate, least, most in counted)


def test_a_threshold_that_was_asked_for_goes_over_the_models(costs):
    assert costs(settings={"sha256": "a", "threshold": 0.35}).threshold == 0.35


def test_false_alarms_that_were_asked_for_become_a_score(costs, header):
    known = costs(settings={"sha256": "a", "false_alarms": 0.5})
    windows = known.windows((1080, 1920))
    assert known.threshold == score_for_false_alarms(header.false_alarms, 0.5, windows)


@pytest.mark.parametrize("model", [{"path": "m", "sha256": "a"}, {"header": {"net": "broken"}}])
def test_a_run_that_does_not_tell_has_its_threshold_and_no_table(costs, model):
    known = costs(model=model, threshold=0.7)
    assert known == Costs(0.7)
    assert known.rows() == []
    assert known.windows((120, 160)) == 0


def test_records_alone_have_the_usual_threshold(tmp_path, make_run):
    make_run(tmp_path, [])
    (tmp_path / "run.json").unlink()
    assert Costs.of(RunSource.open(tmp_path / "results.jsonl")) == Costs(0.5)


def test_the_header_is_read_back_from_the_run(tmp_path, make_run, header):
    source = RunSource.open(make_run(tmp_path, []))
    assert source.header == header
    json.loads((tmp_path / "run.json").read_text())
