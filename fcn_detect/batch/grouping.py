"""Prepared images of one form, put together for a network that takes several at once."""

from collections.abc import Iterable, Iterator

from fcn_detect.batch.decoders import FileAnswer

# Groups whose images may wait for others of their form.
GROUPS_WAITING = 2


def in_groups(answers: Iterable[FileAnswer], size: int) -> Iterator[list[FileAnswer]]:
    """All answers in groups of one form, as soon as one is full; failures come at once, alone.

    Where images of many forms wait, or no more come, groups that are not full come, too: first
    those that began first.
    """
    waiting: dict[object, list[FileAnswer]] = {}
    for answer in answers:
        if answer.prepared is None:
            yield [answer]
            continue
        form = answer.prepared.form
        waiting.setdefault(form, []).append(answer)
        if len(waiting[form]) == size:
            yield waiting.pop(form)
        while sum(map(len, waiting.values())) >= GROUPS_WAITING * size:
            yield waiting.pop(next(iter(waiting)))
    yield from waiting.values()
