"""The class names of a YOLO dataset: one a line, or the `names` of a YAML file.

Of YAML only what such files hold is read: a list or a mapping from numbers, in brackets or one
entry a line, of plain or quoted words. Whatever else YAML could mean is refused, not guessed.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from fcn_detect.errors import DataError
from fcn_detect.formats.bounded import read_bounded_text

MAX_BYTES: Final = 1_000_000
LONGEST_LINE: Final = 4096  # matching costs its square

_QUOTED = r""""(?:[^"\\\n]|\\["\\])*"|'(?:[^'\n]|'')*'"""
_FIRST = r"""[^\s,\[\]{}#&*!|>'"%@`:?-]"""  # what a plain word may start with
_TOKEN = re.compile(
    rf"(?P<word>{_QUOTED}|{_FIRST}(?:(?!\s#|:\s|:$)[^,\[\]{{}}\n])*)"
    r"|(?P<mark>[\[\]{},]|:(?=\s|$))|(?P<space>\s+|(?<!\S)#[^\n]*)"
)
_ITEM = re.compile(
    rf"\s*(?:-|(?P<key>\d+)\s*:)\s+(?P<word>{_QUOTED}|{_FIRST}(?:(?!\s#|:\s|:$).)*)(?:\s+#.*|\s*)"
)


def read_class_names(path: Path) -> dict[int, str]:
    """Class numbers and their names; a name ending in `.yaml` or `.yml` says what the file is.

    Raises:
        DataError: the file cannot be read, holds no names, an empty one or one twice, or is YAML
            of another form.
    """
    text = read_bounded_text(path, MAX_BYTES)
    try:
        yaml = path.suffix.lower() in (".yaml", ".yml")
        pairs = parse_yaml_names(text) if yaml else list(enumerate(text.rstrip().splitlines()))
        return _checked([(number, name.strip()) for number, name in pairs])
    except ValueError as error:
        raise DataError(f"{path}: {error}; expected class names") from None


def parse_yaml_names(text: str) -> list[tuple[int, str]]:
    """Numbers and names of the `names` of a YAML document.

    Raises:
        ValueError: there are none, or they are neither a list nor a mapping from numbers.
    """
    parts = re.split(r"^names[ \t]*:(?=\s|$)", text, flags=re.MULTILINE)
    if len(parts) != 2:
        raise ValueError(f"{len(parts) - 1} lines start with 'names:' instead of one")
    if re.match(r"\s*[\[{]", parts[1]):
        return _flow(_tokens(parts[1]))
    rest, *lines = parts[1].split("\n")
    if rest.split("#")[0].strip():
        raise ValueError(f"'names:{rest[:40]}' is neither a list nor a mapping from numbers")
    return _block(lines)


def _checked(pairs: list[tuple[int, str]]) -> dict[int, str]:
    names = dict(pairs)
    if not names or not all(names.values()):
        raise ValueError("there are no names, or one of them is empty")
    if len(names) < len(pairs) or len(set(names.values())) < len(names):
        raise ValueError("a number or a name occurs twice")
    return names


def _tokens(text: str) -> Iterator[str]:
    """Words and marks up to the end, or to the first character that fits neither."""
    place = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise ValueError(f"'{text[place : place + 40].splitlines()[0]}' cannot be understood")
        place = found.end()
        if found["space"] is None:
            yield found[0]


def _flow(tokens: Iterator[str]) -> list[tuple[int, str]]:
    """Entries between brackets, separated by commas; a comma behind the last one is allowed."""
    closing = {"[": "]", "{": "}"}[next(tokens)]
    inside = []
    for token in tokens:
        if token == closing:
            break
        inside.append(token)
    else:
        raise ValueError(f"the list of names has no '{closing}'")
    if inside and inside[-1] != ",":
        inside.append(",")
    width = 2 if closing == "]" else 4  # a word and a comma; before that a number and a colon
    entries = [inside[i : i + width] for i in range(0, len(inside), width)]
    if any(entry[1::2] != [":", ","][-width // 2 :] for entry in entries):
        raise ValueError(f"the entries of 'names' up to '{closing}' are not one word each")
    if width == 2:
        return [(i, _unquoted(word)) for i, (word, _) in enumerate(entries)]
    return [(_number(key), _unquoted(word)) for key, _, word, _ in entries]


def _block(lines: Iterable[str]) -> list[tuple[int, str]]:
    """Entries one a line, until a line starts something else."""
    pairs: list[tuple[int, str]] = []
    for line in lines:
        if not line.split("#")[0].strip():
            continue
        if not line.startswith((" ", "\t", "-")):
            break
        if len(line) > LONGEST_LINE:
            raise ValueError(f"a line of 'names' has {len(line):,} characters")
        found = _ITEM.fullmatch(line.rstrip())
        if found is None:
            raise ValueError(f"'{line.strip()[:40]}' is not '- NAME' or 'NUMBER: NAME'")
        key = found["key"]
        pairs.append((len(pairs) if key is None else _number(key), _unquoted(found["word"])))
    return pairs


def _number(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text.strip()):
        raise ValueError(f"'{text[:40]}' is not a class number")
    return int(text)


def _unquoted(word: str) -> str:
    if word[:1] == '"':
        return re.sub(r"\\(.)", r"\1", word[1:-1])
    if word[:1] == "'":
        return word[1:-1].replace("''", "'")
    if word in "[]{},:":
        raise ValueError(f"'{word}' stands where a name is expected")
    return word.rstrip()
