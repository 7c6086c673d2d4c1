"""Changes of a JSON document that leave it one: changes of bytes seldom get past its syntax."""

import json
import random
from typing import Any

ODD: list[Any] = [None, True, 0, -1, 1, 2**31, 2**63, 10**400, 0.5, -0.0, 1e-320, 1e308]
ODD += [
    float("nan"),
    float("inf"),
    -float("inf"),
    "",
    "a",
    "../../a",
    "/etc/a",
    "a\0b",
    "\n",
    "\x1b[2J",
]
ODD += ["\ud800", "\udcff", "<b>&'\"", "\u202e", "1", "-", "x" * 300, [], {}, [[]], {"": None}]


def mutate_json(data: bytes, rng: random.Random) -> bytes | None:
    """The document with one to three of its values changed; None where it is none.

    Lines are documents of their own.
    """
    lines = data.split(b"\n")
    place = rng.randrange(len(lines))
    before, brace, text = lines[place].partition(b"{")
    try:
        value = json.loads(brace + text)
    except (ValueError, RecursionError):
        return None
    try:
        for _ in range(rng.randint(1, 3)):
            value = _changed(value, rng)
        lines[place] = before + json.dumps(value).encode()
    except (OverflowError, RecursionError, ValueError):  # endless digits or brackets
        return None
    if rng.random() < 0.1:
        lines.insert(rng.randrange(len(lines)), rng.choice(lines))
    return b"\n".join(lines)


def _changed(value: Any, rng: random.Random) -> Any:
    """One change, somewhere in a value; texts that are JSON are changed inside."""
    if isinstance(value, str) and value[:1] == "{" and rng.random() < 0.9:
        try:
            return json.dumps(_changed(json.loads(value), rng))
        except (ValueError, RecursionError):
            return value[:-1]
    if not isinstance(value, list | dict) or not value or rng.random() < 0.15:
        return _other(value, rng)
    keys: list[Any] = list(value) if isinstance(value, dict) else list(range(len(value)))
    key, copy = rng.choice(keys), value.copy()
    act = rng.random()
    if act < 0.1:
        del copy[key]
    elif act < 0.2 and isinstance(copy, dict):
        copy[rng.choice(["", "x", *keys]) + rng.choice(["", "_", "\ud800"])] = rng.choice(ODD)
    elif act < 0.2:
        copy.insert(key, rng.choice([*copy, rng.choice(ODD)]))
    else:
        copy[key] = _changed(copy[key], rng)
    return copy


def _other(value: Any, rng: random.Random) -> Any:
    act = rng.random()
    if isinstance(value, int | float) and act < 0.4:
        return rng.choice([-value, value + 1, value - 1, float(value), str(value), value * 1e9])
    if isinstance(value, str) and act < 0.4:
        return rng.choice(
            [value + "x", value[1:], value.upper(), value * 2, f"../{value}", "\0" + value]
        )
    if act < 0.45:
        deep: Any = value
        for _ in range(rng.choice([3, 300, 990])):
            deep = [deep]
        return deep
    return rng.choice(ODD)
