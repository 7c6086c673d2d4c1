"""What results and annotations have in common, where either side names more images."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from fcn_detect.errors import DataError
from fcn_detect.evaluate.naming import Parts, counted, path_parts
from fcn_detect.results import Annotations, ImageResult

Pairs = list[tuple[int, int]]  # indices of a result and of an annotated image


def keep_common(
    results: Sequence[ImageResult], annotations: Annotations
) -> tuple[list[ImageResult], Annotations]:
    """The results of annotated images, and the annotations of images that have a result.

    Names agree when one of them is the end of the other: `cam1/0001.jpg` and
    `/data/run/cam1/0001.jpg`. That is stricter than where every image must have its partner: a
    shared file name alone says nothing when both sides may lack images.

    Raises:
        DataError: a name has several partners, or there is nothing in common.
    """
    pairs = _pair([r.image for r in results], [a.image for a in annotations.images])
    if not pairs:
        raise DataError(
            f"none of {len(results)} results is of one of the {len(annotations.images)} annotated "
            "images; expected names of which one is the end of the other, such as cam1/1.jpg and "
            "/data/run/cam1/1.jpg"
        )
    images = [annotations.images[j] for _, j in pairs]
    return [results[i] for i, _ in pairs], replace(annotations, images=images)


def _pair(results: list[str], annotated: list[str]) -> Pairs:
    """Names of which one is the end of the other, those that share most components first."""
    ours, theirs = map(path_parts, results), map(path_parts, annotated)
    left, right = list(ours), list(theirs)
    candidates: defaultdict[int, set[tuple[int, int]]] = defaultdict(set)
    for i, j, length in _contained(left, right):
        candidates[length].add((i, j))
    for j, i, length in _contained(right, left):
        candidates[length].add((i, j))
    partners: dict[int, int] = {}
    taken: set[int] = set()
    for length in sorted(candidates, reverse=True):
        free = [(i, j) for i, j in candidates[length] if i not in partners and j not in taken]
        _refuse_several([results[i] for i, _ in free], "results")
        _refuse_several([annotated[j] for _, j in free], "annotated images")
        partners |= dict(free)
        taken |= {j for _, j in free}
    return sorted(partners.items())


def _contained(longer: list[Parts], whole: list[Parts]) -> list[tuple[int, int, int]]:
    """Indices of names and of names that are their ends, and of how many components."""
    places: defaultdict[Parts, list[int]] = defaultdict(list)
    for index, parts in enumerate(whole):
        places[parts].append(index)
    return [
        (index, place, length)
        for index, parts in enumerate(longer)
        for length in range(1, len(parts) + 1)
        for place in places.get(parts[:length], ())
    ]


def _refuse_several(names: list[str], noun: str) -> None:
    several = [name for name, count in Counter(names).items() if count > 1]
    if several:
        raise DataError(f"{counted(several, noun)} with more than one partner; name folders, too")
