import pytest

from fcn_detect.batch import Journal, JournalHeader
from fcn_detect.batch.journal import FileState
from fcn_detect.errors import DataError, SettingsError
from fcn_detect.results import Detections, Failure, ImageResult

HEADER = JournalHeader("m" * 64, "s" * 64, "1")
STATE = FileState(10, 20)


def good(name):
    return ImageResult(name, 4, 3, Detections.empty())


def bad(name, kind):
    return ImageResult(name, None, None, None, Failure(kind, "because"))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run" / "journal.jsonl"


def test_what_was_added_is_done_on_the_next_start(path):
    with Journal(path, HEADER) as journal:
        journal.add(good("a/1.jpg"), STATE)
        journal.add(bad("b.jpg", "corrupt"), STATE)
    with Journal(path, HEADER) as journal:
        assert journal.is_done("a/1.jpg", STATE)
        assert journal.is_done("b.jpg", STATE)
        assert not journal.is_done("b.jpg", STATE, retry_failed=True)
        assert not journal.is_done("a/1.jpg", FileState(10, 21))
        assert not journal.is_done("c.jpg", STATE)
        assert {r.image for r in journal.results({"a/1.jpg", "b.jpg"})} == {"a/1.jpg", "b.jpg"}


@pytest.mark.parametrize("kind", ["unreadable", "timeout", "crashed", "out_of_memory"])
def test_failures_that_may_pass_are_tried_again(path, kind):
    with Journal(path, HEADER) as journal:
        journal.add(bad("a.jpg", kind), STATE)
        assert not journal.is_done("a.jpg", STATE)


def test_a_torn_last_line_is_cut_off_wherever_it_tore(path):
    with Journal(path, HEADER) as journal:
        journal.add(good("a.jpg"), STATE)
        journal.add(good("b.jpg"), STATE)
    whole = path.read_bytes()
    start = whole[:-1].rfind(b"\n") + 1
    for length in range(start, len(whole)):
        path.write_bytes(whole[:length])
        with Journal(path, HEADER) as journal:
            assert set(journal.done) == {"a.jpg"}
            journal.add(good("b.jpg"), STATE)
        assert path.read_bytes() == whole


def test_a_torn_header_begins_anew(path):
    with Journal(path, HEADER):
        pass
    path.write_bytes(path.read_bytes()[:20])
    with Journal(path, HEADER) as journal:
        assert journal.done == {}
    with Journal(path, HEADER):
        pass


def test_another_model_is_refused_and_both_digests_are_named(path):
    with Journal(path, HEADER):
        pass
    other = JournalHeader("n" * 64, HEADER.settings, HEADER.version)
    with pytest.raises(SettingsError, match=r"m{12} then, n{12} now.*--overwrite"):
        Journal(path, other)
    with Journal(path, other, overwrite=True) as journal:
        assert journal.done == {}


def test_a_damaged_line_before_the_last_is_an_error_that_names_it(path):
    with Journal(path, HEADER) as journal:
        journal.add(good("a.jpg"), STATE)
    with path.open("ab") as file:
        file.write(b"garbage\n")
    with pytest.raises(DataError, match=r"journal\.jsonl:3"):
        Journal(path, HEADER)


def test_a_second_process_is_refused(path):
    with Journal(path, HEADER), pytest.raises(DataError, match="another process"):
        Journal(path, HEADER)
