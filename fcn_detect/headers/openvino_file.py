"""The texts in the `rt_info` of an OpenVINO model's .xml file."""

from pathlib import Path

from fcn_detect.bounded import read_bounded
from fcn_detect.errors import ModelError
from fcn_detect.xml_text import parse_xml

MAX_BYTES = 64_000_000


def read_openvino_metadata(path: Path) -> dict[str, str]:
    """The file's texts by name.

    Raises:
        ModelError: it is no readable file of this kind.
        FileNotFoundError: there is none.
    """
    try:
        root = parse_xml(read_bounded(path, MAX_BYTES))
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: not a readable OpenVINO model: {error}") from None
    if root.tag != "net":
        raise ModelError(f"{path}: an XML file, but no OpenVINO model: it holds <{root.tag[:40]}>")
    info = root.find("rt_info")
    entries = [] if info is None else list(info)
    return {entry.tag: entry.attrib["value"] for entry in entries if "value" in entry.attrib}
