"""Everything that this package raises on purpose.

    FcnDetectError
    ├── SettingsError      (ValueError)    an option or a settings file that cannot be meant
    ├── DataError          (ValueError)    a folder of crops or annotations that cannot be used
    ├── ModelError         (ValueError)    a model file that is damaged or of another kind
    ├── ConversionError    (ValueError)    a network that has no exact fully convolutional form
    ├── ImageError         (ValueError)    an image that cannot be searched; has a `kind`
    ├── ProcessError       (RuntimeError)  a process that shared the work has died
    └── MissingExtraError  (ImportError)   an optional library; names the extra to install

Each message is one line that says what was found, what was expected and what to do.
"""

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pydantic


class FcnDetectError(Exception):
    """Root of all errors that this package raises on purpose."""


class SettingsError(FcnDetectError, ValueError):
    """An option or a settings file that cannot be meant."""


class DataError(FcnDetectError, ValueError):
    """A folder of crops, or an annotation or results file, that cannot be used."""


class ModelError(FcnDetectError, ValueError):
    """A model file that is missing, damaged or of another kind."""


class ConversionError(FcnDetectError, ValueError):
    """A network that has no exact fully convolutional form.

    Attributes:
        layer: dotted path of the layer that stands in the way, as in `named_modules()`; empty
            where it is the net as a whole.
    """

    def __init__(self, layer: str, reason: str) -> None:
        super().__init__(f"layer '{layer}': {reason}" if layer else reason)
        self.layer = layer


class ImageError(FcnDetectError, ValueError):
    """An image that cannot be searched.

    Attributes:
        kind: one of `fcn_detect.results.FAILURE_KINDS`.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class ProcessError(FcnDetectError, RuntimeError):
    """A process that shared the work has died."""


class MissingExtraError(FcnDetectError, ImportError):
    """An optional library is not installed."""

    def __init__(self, library: str, extra: str) -> None:
        super().__init__(
            f"{library} is not installed; install it with: pip install 'fcn-detect[{extra}]'"
        )


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'X'?`, to end a message with, X being the known word that is most alike.

    Empty where none is.
    """
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean '{near[0]}'?" if near else ""


def one_line(message: object, most: int = 300) -> str:
    """A message without line breaks, repeated spaces and a full stop at its end.

    Args:
        message: or an error, whose type is taken where it says nothing.
        most: letters, after which it is cut.
    """
    text = " ".join(str(message).split()).rstrip(". ")[:most]
    return text or (type(message).__name__ if isinstance(message, BaseException) else "")


def first_line(error: BaseException) -> str:
    """What an error says first: libraries go on with where in their own code it was raised."""
    return one_line(str(error).strip().partition("\n")[0]) or type(error).__name__


def first_misfit(error: "pydantic.ValidationError", whole: str) -> str:
    """`where: what is wrong` with the first of the values that do not fit a pydantic model.

    Args:
        error: what pydantic raised.
        whole: what to call the place where it is the values as a whole.
    """
    first = error.errors()[0]
    where = ".".join(str(step) for step in first["loc"]) or whole
    return f"{where}: {first['msg'].removeprefix('Value error, ')}"
