"""Which result belongs to which annotated image, when both know it by another folder."""

from collections import defaultdict
from collections.abc import Sequence

from fcn_detect.errors import DataError

Parts = tuple[str, ...]
Names = dict[int, Parts]  # index of a name -> its components, last one first

EXAMPLES = 3


def pair_by_path_ending(results: Sequence[str], annotated: Sequence[str]) -> list[int]:
    """For each result's name, the index of the annotated name it shares the longest ending with.

    Whole path components are compared, from the end: `cam1/0001.jpg` belongs to
    `/data/run/cam1/0001.jpg` and not to `cam2/0001.jpg`. An ending decides when it occurs once on
    either side; or when, the longer ones settled, it leaves one name on either side and one of
    them is no longer than it. So a file name that occurs once on either side is enough.

    Raises:
        DataError: a name on either side has no partner, or more than one that it could have.
    """
    left, right = _by_file_name(results), _by_file_name(annotated)
    partners: dict[int, int] = {}
    for file_name in left.keys() & right.keys():
        partners |= _pair_namesakes(left[file_name], right[file_name])
    if len(partners) < max(len(results), len(annotated)):
        taken = set(partners.values())
        lone = [name for i, name in enumerate(results) if i not in partners]
        bare = [name for j, name in enumerate(annotated) if j not in taken]
        raise DataError(_complaint(lone, bare))
    return [partners[i] for i in range(len(results))]


def path_parts(name: str) -> Parts:
    """The components of a path, the last one first."""
    steps = name.replace("\\", "/").split("/")
    return tuple(step for step in reversed(steps) if step not in ("", "."))


def _by_file_name(names: Sequence[str]) -> dict[Parts, Names]:
    groups: defaultdict[Parts, Names] = defaultdict(dict)
    for index, name in enumerate(names):
        parts = path_parts(name)
        groups[parts[:1]][index] = parts
    return groups


def _pair_namesakes(left: Names, right: Names) -> dict[int, int]:
    """Pairs names that all have one file name, the longest endings first."""
    if len(left) == len(right) == 1:
        return dict(zip(left, right, strict=True))
    pairs: dict[int, int] = {}
    longest = min(max(map(len, left.values())), max(map(len, right.values())))
    for length in range(longest, 0, -1):
        ours, theirs = _by_ending(left, length), _by_ending(right, length)
        taken = set(pairs.values())
        for ending in ours.keys() & theirs.keys():
            free = [i for i in ours[ending] if i not in pairs]
            bare = [j for j in theirs[ending] if j not in taken]
            if len(free) == len(bare) == 1:
                unique = len(ours[ending]) == len(theirs[ending]) == 1
                if unique or length in (len(left[free[0]]), len(right[bare[0]])):
                    pairs[free[0]] = bare[0]
    return pairs


def _by_ending(names: Names, length: int) -> dict[Parts, list[int]]:
    groups: defaultdict[Parts, list[int]] = defaultdict(list)
    for index, parts in names.items():
        if len(parts) >= length:
            groups[parts[:length]].append(index)
    return groups


def _complaint(lone: list[str], bare: list[str]) -> str:
    """Counts and examples; a name with namesakes on the other side is ambiguous."""
    lone_files, bare_files = _by_file_name(lone).keys(), _by_file_name(bare).keys()
    both = lone_files & bare_files
    parts = [
        counted(
            [n for n in lone if path_parts(n)[:1] not in both], "results without annotated image"
        ),
        counted(
            [n for n in bare if path_parts(n)[:1] not in both], "annotated images without result"
        ),
        counted([n for n in lone if path_parts(n)[:1] in both], "results with an ambiguous name"),
        counted([n for n in bare if path_parts(n)[:1] in both], "annotated images, ambiguous name"),
    ]
    found = "; ".join(part for part in parts if part)
    return (
        f"{found}; expected one result for each annotated image, paired by path endings "
        "(--common compares those that both sides name)"
    )


def counted(names: list[str], noun: str) -> str:
    """How many names, of what, and some of them; nothing where there are none."""
    more = ", ..." if len(names) > EXAMPLES else ""
    return f"{len(names)} {noun} ({', '.join(names[:EXAMPLES])}{more})" if names else ""
