import pytest

from fcn_detect.bench.turns import Times, time_in_turns


def test_works_take_turns_after_one_that_is_not_counted():
    done, told = [], []
    works = {name: (lambda name=name: done.append(name)) for name in "abc"}
    times = time_in_turns(works, 2, lambda *args: told.append(args))
    assert done == list("abcabcabc")
    assert {name: len(seconds) for name, seconds in times.seconds.items()} == {
        "a": 2,
        "b": 2,
        "c": 2,
    }
    assert told[0] == ("measuring", 1, 9, "a")
    assert told[-1] == ("measuring", 9, 9, "c")


def test_what_is_warm_is_counted_from_the_first_turn():
    done = []
    times = time_in_turns({"a": lambda: done.append("a")}, 2, warm=True)
    assert (done, len(times.seconds["a"])) == (["a", "a"], 2)


def test_a_time_is_the_median_and_noise_the_distance_of_quartiles():
    times = Times({"a": [1.0, 9.0, 2.0], "b": [4.0, 4.0, 4.0], "c": [1.0, 2.0, 3.0]})
    assert times["a"] == 2.0
    assert times.noise == pytest.approx(0.5)  # of a 2.0, of b 0.0, of c 0.5
