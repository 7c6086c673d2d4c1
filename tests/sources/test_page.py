"""The page of sources: each of its commands names a test or a script that is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "sources.md").read_text()

TESTS = sorted(set(re.findall(r"pytest (tests/\S+?\.py)(?:::(\w+))?", PAGE)))
SCRIPTS = sorted(set(re.findall(r"python (scripts/\S+?\.py)", PAGE)))


@pytest.mark.parametrize("path, name", TESTS)
def test_a_test_that_the_page_names_is_there(path: str, name: str) -> None:
    assert f"def {name}(" in (ROOT / path).read_text() if name else (ROOT / path).exists()


@pytest.mark.parametrize("path", SCRIPTS)
def test_a_script_that_the_page_names_is_there(path: str) -> None:
    assert (ROOT / path).exists()


def test_every_line_of_a_source_ends_with_a_command() -> None:
    rows = re.findall(r"^\| (?!the source says|---).*\|$", PAGE, re.MULTILINE | re.IGNORECASE)
    lines = [row for row in rows if row.count(" | ") == 2]
    assert lines
    assert [
        row for row in lines if not re.search(r"`(pytest|python|fcn-detect) .*` \|$", row)
    ] == []
