import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcn_detect.batch import Journal, JournalHeader
from fcn_detect.batch.lines import FileState, read_line, write_line
from fcn_detect.batch.open_run import PASSING_KINDS
from fcn_detect.errors import DataError, SettingsError
from fcn_detect.formats import format_result
from fcn_detect.results import FAILURE_KINDS, Detections, Failure, ImageResult

HEADER = JournalHeader("m" * 64, "s" * 64, "1", None, {"keep": 0.01, "threads": 2})
STATE = FileState(10, 20)


def good(name):
    return ImageResult(name, 4, 3, Detections.empty())


def bad(name, kind):
    return ImageResult(name, None, None, None, Failure(kind, "because"))


def waiting(journal, *names, state=STATE, again=PASSING_KINDS, by_content=False):
    """Which of these files, all in this state, are to be searched."""
    journal.index.list_files((name, state) for name in names)
    journal.index.find_waiting(again, by_content)
    return list(journal.index.waiting())


def last_part(run):
    return sorted((run / "journal").glob("*.jsonl"))[-1]


@pytest.fixture
def run(tmp_path):
    return tmp_path / "run"


@given(
    st.text(min_size=1),
    st.sampled_from([None, *FAILURE_KINDS]),
    st.integers(0, 10**18 - 1),
    st.integers(1 - 2**63, 2**63 - 1),
)
def test_a_line_says_what_was_written(name, kind, size, modified):
    result = good(name) if kind is None else bad(name, kind)
    state = FileState(size, modified, "c" * 64 if size % 2 else None)
    line = write_line(result, state)
    entry = read_line(line)
    assert (entry.name, entry.state, entry.kind) == (name, state, kind)
    assert line[entry.record :] == format_result(result).encode() + b"\n"


@given(st.data())
def test_a_line_that_was_changed_anywhere_counts_as_not_there(data):
    line = write_line(bad("é/1.jpg", "corrupt"), STATE)
    place = data.draw(st.integers(0, len(line) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != line[place]))
    assert read_line(line[:place] + bytes([byte]) + line[place + 1 :]) is None
    assert read_line(line[:place]) is None


def test_what_was_added_is_done_on_the_next_start(run, machine):
    with Journal(run, HEADER) as journal:
        journal.add(good("b/1.jpg"), STATE, machine)
        journal.add(bad("a.jpg", "corrupt"), STATE, machine)
    with Journal(run, HEADER) as journal:
        assert waiting(journal, "a.jpg", "b/1.jpg", "c.jpg") == ["c.jpg"]
        assert waiting(journal, "a.jpg", "b/1.jpg", again=FAILURE_KINDS) == ["a.jpg"]
        assert waiting(journal, "a.jpg", state=FileState(10, 21)) == ["a.jpg"]
        waiting(journal, "a.jpg", "b/1.jpg", "c.jpg")
        records = list(journal.records())
    lines = map(format_result, [bad("a.jpg", "corrupt"), good("b/1.jpg")])
    assert records == [line.encode() + b"\n" for line in lines]


def test_content_counts_instead_of_time_where_it_is_asked_for(run, machine):
    state = FileState(10, 20, "x")
    with Journal(run, HEADER) as journal:
        journal.add(good("a.jpg"), state, machine)
        assert not waiting(journal, "a.jpg", state=FileState(10, 99, "x"), by_content=True)
        assert waiting(journal, "a.jpg", state=FileState(10, 20, "y"), by_content=True)
        assert waiting(journal, "a.jpg", state=FileState(10, 20, None), by_content=True)


@pytest.mark.parametrize("kind", FAILURE_KINDS)
def test_failures_that_may_pass_are_tried_again_and_no_others(run, machine, kind):
    with Journal(run, HEADER) as journal:
        journal.add(bad("a.jpg", kind), STATE, machine)
        assert waiting(journal, "a.jpg") == (["a.jpg"] if kind in PASSING_KINDS else [])
        assert waiting(journal, "a.jpg", again=()) == []


def test_the_last_record_of_an_image_counts(run, machine):
    for result in (bad("a.jpg", "timeout"), good("a.jpg")):
        with Journal(run, HEADER) as journal:
            journal.add(result, STATE, machine)
    with Journal(run, HEADER) as journal:
        assert waiting(journal, "a.jpg") == []
        assert list(journal.records()) == [format_result(good("a.jpg")).encode() + b"\n"]


def test_a_torn_last_line_costs_its_image_wherever_it_tore(run, machine):
    with Journal(run, HEADER) as journal:
        journal.add(good("a.jpg"), STATE, machine)
        journal.add(good("b.jpg"), STATE, machine)
    path = last_part(run)
    whole = path.read_bytes()
    start = whole[:-1].rfind(b"\n") + 1
    for length in range(start, len(whole)):
        path.write_bytes(whole[:length])
        with Journal(run, HEADER) as journal:
            assert waiting(journal, "a.jpg", "b.jpg") == ["b.jpg"]


def test_a_damaged_line_in_the_middle_costs_its_image_alone(run, machine):
    with Journal(run, HEADER) as journal:
        for name in "abc":
            journal.add(good(name), STATE, machine)
    lines = last_part(run).read_bytes().splitlines(keepends=True)
    lines[2] = b"\x00" * (len(lines[2]) - 1) + b"\n"
    last_part(run).write_bytes(b"".join(lines))
    with Journal(run, HEADER) as journal:
        assert waiting(journal, *"abc") == ["b"]


@pytest.mark.parametrize("length", [0, 20])
def test_a_torn_first_line_is_a_part_that_never_began(run, machine, length):
    with Journal(run, HEADER) as journal:
        journal.add(good("a.jpg"), STATE, machine)
    last_part(run).write_bytes(last_part(run).read_bytes()[:length])
    with Journal(run, HEADER) as journal:
        assert waiting(journal, "a.jpg") == ["a.jpg"]


def test_a_damaged_first_line_is_an_error_that_names_the_file(run, machine):
    with Journal(run, HEADER) as journal:
        journal.add(good("a.jpg"), STATE, machine)
    last_part(run).write_bytes(b"garbage\n")
    with pytest.raises(DataError, match=r"00001\.jsonl: the first line is damaged"):
        Journal(run, HEADER)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"model": "n" * 64}, r"model m{12} then, n{12} now.*--overwrite"),
        (
            {"settings": "t" * 64, "searched_with": {"keep": 0.01, "threads": 1}},
            r"settings s{12} then, t{12} now \(threads 2 then, 1 now\)",
        ),
        ({"version": "2"}, "version 1 then, 2 now"),
        ({"shard": "1/4"}, "shard none then, 1/4 now"),
    ],
)
def test_what_was_made_with_something_else_is_refused(run, machine, change, message):
    with Journal(run, HEADER) as journal:
        journal.add(good("a.jpg"), STATE, machine)
    other = replace(HEADER, **change)
    with pytest.raises(SettingsError, match=message):
        Journal(run, other)
    with Journal(run, other, overwrite=True) as journal:
        assert waiting(journal, "a.jpg") == ["a.jpg"]


def test_records_of_two_kinds_of_machines_are_told_apart(run, machine):
    other = replace(machine, threads=2)
    with Journal(run, HEADER) as journal:
        for name, one in [("a", machine), ("b", other), ("c", machine), ("gone", other)]:
            journal.add(good(name), STATE, one)
    with Journal(run, HEADER) as journal:
        waiting(journal, *"abc")
        assert journal.machine_counts() == {machine: 2, other: 1}


def test_a_second_process_is_refused_and_takes_nothing_away(run, machine):
    with Journal(run, HEADER) as journal:
        journal.add(good("a.jpg"), STATE, machine)
        for overwrite in (False, True):
            with pytest.raises(DataError, match="another process"):
                Journal(run, HEADER, overwrite=overwrite)
    with Journal(run, HEADER) as journal:
        assert waiting(journal, "a.jpg") == []


def test_records_come_sorted_by_the_bytes_of_their_names(run, machine):
    names = ["B", "a", "a-b", "a/z", "é", "\U0001f600", "\uffee", "\udcff"]
    shuffled = random.Random(0).sample(names, len(names))
    with Journal(run, HEADER) as journal:
        for name in shuffled:
            journal.add(good(name), STATE, machine)
        waiting(journal, *shuffled)
        found = list(journal.records())
    ordered = sorted(names)
    assert found == [format_result(good(name)).encode() + b"\n" for name in ordered]
