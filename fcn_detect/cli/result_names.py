"""Short names for results files: what tables, plots and folders call them."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from fcn_detect.formats import RESULTS_NAME

Parts = tuple[str, ...]


def result_names(paths: Sequence[Path]) -> list[str]:
    """A name for each path, all different: the run's folder, or the file without its ending.

    Where two would be the same, as many folders in front as tell them apart; a path given twice
    gets a number.
    """
    given = [_parts(path) for path in paths]
    short = _shortest(set(given))
    names, seen = [], Counter[Parts]()
    for parts in given:
        seen[parts] += 1
        names.append(short[parts] + (f" ({seen[parts]})" if seen[parts] > 1 else ""))
    return names


def _parts(path: Path) -> Parts:
    absolute = path.resolve()
    named = absolute.parent if absolute.name == RESULTS_NAME else absolute
    name = named.name.removesuffix(".jsonl") if named is absolute else named.name
    return (*named.parts[1:-1], name or "results")


def _shortest(different: set[Parts]) -> dict[Parts, str]:
    """For each path, its shortest ending that no other path shares at its own length."""
    lengths = dict.fromkeys(different, 1)
    while True:
        names = {parts: "/".join(parts[-length:]) for parts, length in lengths.items()}
        counts = Counter(names.values())
        clashing = [p for p in different if counts[names[p]] > 1 and lengths[p] < len(p)]
        if not clashing:
            return names
        for parts in clashing:
            lengths[parts] += 1
