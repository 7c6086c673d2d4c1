"""XML from files that may come from anywhere, and texts that XML can hold."""

import re
from typing import Final, NoReturn
from xml.etree import ElementTree as ET
from xml.parsers import expat

_NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def parse_xml(data: bytes) -> ET.Element:
    """The root of a document, once it is known to define no entities.

    Entities that stand for entities can grow without end, and others can name files.

    Raises:
        ValueError: it is no XML, or it defines an entity.
    """
    checker = expat.ParserCreate()
    checker.EntityDeclHandler = _refuse_entity
    try:
        checker.Parse(data, True)
        return ET.fromstring(data)  # noqa: S314 (it has been checked)
    except (expat.ExpatError, ET.ParseError) as error:
        raise ValueError(f"not XML ({error})") from None
    except LookupError as error:  # an encoding that Python lacks
        raise ValueError(str(error)) from None


def xml_safe(text: str) -> str:
    r"""The text with characters that XML cannot hold written as `\udcff` or `\x01`."""
    coded = text.encode(errors="backslashreplace").decode()
    return _NOT_IN_XML.sub(lambda found: f"\\x{ord(found[0]):02x}", coded)


def _refuse_entity(name: str, *_: object) -> NoReturn:
    raise ValueError(f"the entity '{name[:40]}' is defined")
