from pathlib import Path

from fcn_detect.batch.decoders import FileAnswer
from fcn_detect.batch.grouping import in_groups
from fcn_detect.images import PreparedImage
from fcn_detect.results import Failure


def answers(letters):
    """One answer a letter: its form; `-` is a failure."""
    for i, letter in enumerate(letters):
        path = Path(f"{letter}{i}")
        if letter == "-":
            yield FileAnswer(path, failure=Failure("corrupt", "so it is"))
        else:
            yield FileAnswer(path, PreparedImage((ord(letter), 9), (), [], None))


def groups(letters, size):
    return [[str(one.path) for one in group] for group in in_groups(answers(letters), size)]


def test_images_of_one_form_come_together_as_soon_as_there_are_enough():
    assert groups("aabaab", 2) == [["a0", "a1"], ["a3", "a4"], ["b2", "b5"]]


def test_what_is_left_comes_at_the_end():
    assert groups("aab", 3) == [["a0", "a1"], ["b2"]]


def test_a_failure_waits_for_nothing():
    assert groups("a-a", 2) == [["-1"], ["a0", "a2"]]


def test_no_more_than_two_groups_wait():
    assert groups("abcdea", 2) == [["a0"], ["b1"], ["c2"], ["d3"], ["e4"], ["a5"]]


def test_alone_each_image_comes_at_once():
    taken = []

    def noted():
        for answer in answers("abab"):
            taken.append(answer)
            yield answer

    for i, group in enumerate(in_groups(noted(), 1)):
        assert len(group) == 1
        assert len(taken) == i + 1
