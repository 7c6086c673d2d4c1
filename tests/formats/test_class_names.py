from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcn_detect.errors import DataError
from fcn_detect.formats.class_names import parse_yaml_names, read_class_names

THREE = [(0, "person"), (1, "traffic light"), (2, "it's")]


@pytest.mark.parametrize(
    "text",
    [
        'names: [person, traffic light, "it\'s"]',
        "names: ['person', \"traffic light\", 'it''s',]\nnc: 3",
        "path: ../x  # names: no\nnames: [ # three\n  person,\n  traffic light, # lamp\n  it's\n]",
        'names:\n  - person\n  - traffic light  # lamp\n\n  - "it\'s"\nnc: 3',
        "names:   # of\n- person\n# between\n- 'traffic light'\n- it's\ntrain: images",
        "names:\n  0: person\n  1: traffic light\n  2: it's\n",
        "nc: 3\r\nnames:\r\n  0: person\r\n  1: 'traffic light'\r\n  2: it's\r\n",
        "names: {0: person, 1: traffic light, 2: it's}",
    ],
)
def test_the_ways_in_which_datasets_write_three_names_are_one(text: str) -> None:
    assert parse_yaml_names(text) == THREE


@pytest.mark.parametrize("word", ["a#b", "c++ (x)", "a:b", "7", "größe", "a - b"])
def test_odd_words_stand_for_themselves(word: str) -> None:
    for text in (f"names: [{word}]", f"names:\n  - {word}", f"names:\n  0: {word} # {word}"):
        assert parse_yaml_names(text) == [(0, word)]


@pytest.mark.parametrize(
    "text, said",
    [
        ("nc: 3", "0 lines start with 'names:'"),
        ("names: [a]\nnames: [b]", "2 lines start with 'names:'"),
        ("names: person", "neither a list nor a mapping"),
        ("names: [a, b", "has no ']'"),
        ("names: [a, [b]]", "stands where a name|not one word"),
        ("names: [a b: c]", "not one word each"),
        ("names: [a,, b]", "stands where a name|not one word"),
        ("names: {a, b}", "not one word each"),
        ("names: {x: a}", "not a class number"),
        ("names: [*other]", "cannot be understood"),
        ("names:\n  - &x a", "is not '- NAME'"),
        ("names:\n  - |\n    a", "is not '- NAME'"),
        ("names:\n  first: a", "is not '- NAME'"),
        ('names: ["a]', "cannot be understood"),
    ],
)
def test_other_yaml_is_refused_with_what_was_found(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_yaml_names(text)


@given(st.text(alphabet="names:[]{}-'\"#&,\\ \n01ab|", max_size=60))
def test_any_text_gives_pairs_or_one_kind_of_error(text: str) -> None:
    try:
        pairs = parse_yaml_names("names:" + text)
    except ValueError:
        return
    assert all(isinstance(number, int) and isinstance(name, str) for number, name in pairs)


@given(st.lists(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]))))
def test_quoted_words_read_back_whatever_is_in_them(words: list[str]) -> None:
    single = ", ".join("'" + word.replace("'", "''") + "'" for word in words)
    double = [word.replace("\\", "\\\\").replace('"', '\\"') for word in words]
    expected = list(enumerate(words))
    assert parse_yaml_names(f"names: [{single}]") == expected
    assert parse_yaml_names("names:\n" + "".join(f'  - "{w}"\n' for w in double)) == expected


def test_a_file_of_lines_numbers_its_names_from_zero(tmp_path: Path) -> None:
    (tmp_path / "classes.txt").write_text("person\n traffic light \n\n", encoding="utf-8-sig")
    assert read_class_names(tmp_path / "classes.txt") == {0: "person", 1: "traffic light"}


@pytest.mark.parametrize(
    "name, content, said",
    [
        ("classes.txt", b"", "no names"),
        ("classes.txt", b"a\n\nb", "one of them is empty"),
        ("classes.txt", b"a\na", "occurs twice"),
        ("classes.txt", b"\xff", "byte 0 is not UTF-8"),
        ("classes.txt", b"a" * 1_000_001, "more than 1,000,000 bytes"),
        ("data.yaml", b"names: {0: a, 0: b}", "occurs twice"),
        ("data.yaml", b"names: []", "no names"),
        ("data.yaml", b"nc: 1", "expected class names"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=said) as caught:
        read_class_names(tmp_path / name)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)
