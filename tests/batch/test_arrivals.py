import threading
import time

import pytest

from fcn_detect.batch.arrivals import Settling, arrivals


def test_a_file_is_whole_when_it_has_not_changed_for_a_while(tmp_path):
    settling = Settling(tmp_path, settle_s=0.2)
    (tmp_path / "a.jpg").write_bytes(b"1")
    settling.add(["a.jpg", "gone.jpg"])
    assert settling.take_whole() == []
    for size in range(2, 5):  # it grows for longer than it takes to settle
        time.sleep(0.1)
        (tmp_path / "a.jpg").write_bytes(b"1" * size)
        assert settling.take_whole() == []
    time.sleep(0.25)
    assert settling.take_whole() == ["a.jpg"]
    assert len(settling) == 0


def test_what_is_looked_at_already_does_not_begin_anew(tmp_path):
    settling = Settling(tmp_path, settle_s=0.1)
    (tmp_path / "a.jpg").write_bytes(b"1")
    settling.add(["a.jpg"])
    time.sleep(0.15)
    settling.add(["a.jpg"])
    assert settling.take_whole() == ["a.jpg"]


def test_events_name_new_images_and_those_of_new_folders_and_nothing_else(tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "c.jpg").touch()
    folder = tmp_path / "images"
    (folder / "cam").mkdir(parents=True)
    found, ended = set(), time.monotonic() + 20

    def stopped():
        return found >= {"cam/a.jpg", "new/c.jpg"} or time.monotonic() > ended

    def write():
        (folder / "cam" / "a.jpg").write_bytes(b"1")
        (folder / "cam" / ".hidden.jpg").write_bytes(b"1")
        (folder / "cam" / "notes.txt").write_bytes(b"1")
        (tmp_path / "outside").rename(folder / "new")

    threading.Timer(1.0, write).start()
    for names in arrivals(folder, stopped, poll=False):
        if names is None:
            pytest.skip("this system gives no events")
        found |= names
    assert found == {"cam/a.jpg", "new/c.jpg"}


def test_without_events_nobody_tells(tmp_path):
    looks = []
    for names in arrivals(tmp_path, lambda: len(looks) == 2, poll=True):
        looks.append(names)
    assert looks == [None, None]
