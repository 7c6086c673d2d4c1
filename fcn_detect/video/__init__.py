"""Videos in, frames out, RGB uint8 `(h, w, 3)`; and annotated clips.

FFmpeg does it, as OpenCV brings it, in a process of its own: a damaged file cannot crash this one,
and what FFmpeg prints is read. A stream that stalls is opened anew; a clip has no time limit.
"""

from fcn_detect.video.clip import ClipReader
from fcn_detect.video.frame import Frame, frame_name
from fcn_detect.video.source import StreamSource, stream_source
from fcn_detect.video.stream import Patience, StreamReader
from fcn_detect.video.writing import ClipFile

__all__ = [
    "ClipFile",
    "ClipReader",
    "Frame",
    "Patience",
    "StreamReader",
    "StreamSource",
    "frame_name",
    "stream_source",
]
