"""What a model file says about itself, read without any library that could run it."""

from fcn_detect.headers.exported import EXPORT_KEY, ExportedNet
from fcn_detect.headers.probe import probe_image, probe_values
from fcn_detect.headers.reading import (
    EXPORTED_SUFFIXES,
    HEADER_KEY,
    METADATA_READERS,
    read_export,
    read_header,
)

__all__ = [
    "EXPORTED_SUFFIXES",
    "EXPORT_KEY",
    "HEADER_KEY",
    "METADATA_READERS",
    "ExportedNet",
    "probe_image",
    "probe_values",
    "read_export",
    "read_header",
]
