"""What files say of an image that must hold of any file that there is."""

from typing import Annotated

from pydantic import AfterValidator, Field, InstanceOf


def _possible(name: str) -> str:
    try:
        coded = name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        coded = b"\0"
    if b"\0" in coded:
        raise ValueError("no file can have this name")
    return name


# InstanceOf[str], since a name may not be UTF-8: pydantic's own `str` refuses lone surrogates.
FileName = Annotated[InstanceOf[str], AfterValidator(_possible)]
"""The path of a file: bytes that are not UTF-8 are lone surrogates (PEP 383)."""

Side = Annotated[int, Field(gt=0, le=10**9)]
"""Height or width of an image, in pixels."""
