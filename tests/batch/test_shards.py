import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcn_detect.batch import Shard
from fcn_detect.errors import SettingsError


@given(st.text(), st.integers(1, 50))
def test_an_image_is_in_one_shard_and_no_other(name, count):
    assert sum(Shard(i, count).holds(name) for i in range(1, count + 1)) == 1


def test_shards_are_of_about_one_size():
    names = [f"camera_{i // 100}/{i}.jpg" for i in range(8000)]
    sizes = [sum(map(Shard(i, 8).holds, names)) for i in range(1, 9)]
    assert all(900 < size < 1100 for size in sizes)


@given(st.integers(1, 99), st.integers(0, 99))
def test_what_is_written_is_read_again(index, more):
    shard = Shard(index, index + more)
    assert Shard.parse(str(shard)) == shard


@pytest.mark.parametrize("text", ["0/4", "5/4", "1/0", "1", "/", "a/b", "1/2/3", "-1/4", "1.5/4"])
def test_what_is_no_shard_is_refused_in_one_line(text):
    with pytest.raises(SettingsError, match=r"--shard .*I/N") as caught:
        Shard.parse(text)
    assert "\n" not in str(caught.value)
