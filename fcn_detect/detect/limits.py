"""What the settings allow of a file."""

from fcn_detect.config import DetectSettings
from fcn_detect.images import StreamingRules


def streaming_rules(settings: DetectSettings) -> StreamingRules:
    """How huge files are read."""
    return StreamingRules(
        settings.max_pixels,
        settings.max_expansion,
        settings.max_file_bytes,
        settings.allow_truncated,
    )
