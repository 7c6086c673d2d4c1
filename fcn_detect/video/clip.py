"""A clip's frames, one after the other."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fcn_detect.errors import ImageError
from fcn_detect.processes import START_S
from fcn_detect.results import VideoFrame
from fcn_detect.video.complaints import codec_without_decoder, says_cut
from fcn_detect.video.decoding import send_clip
from fcn_detect.video.frame import Frame
from fcn_detect.video.messages import Coming, Ended, Opened, Refused
from fcn_detect.video.process import DecodingProcess

# Seconds after which a decoder that sends nothing counts as hanging.
SILENCE_S = 300.0


class ClipReader:
    """Decodes a clip in a process, a frame or two ahead; use it as a context manager.

    Attributes:
        stride: every how many frames one is given.
        announced: frames that the container says there are; 0 where it does not.
        rate: frames per second, on average; 0 where it is not known.
    """

    def __init__(
        self, path: Path, stride: int, max_pixels: int, counts_frames: bool = False
    ) -> None:
        """Opens a clip.

        Args:
            path: of the file.
            stride: likewise.
            max_pixels: height times width of a frame above which nothing is decoded.
            counts_frames: whether the container counts its frames and says nothing more of where
                it ends, as AVI does: fewer of them are a file that ends early.

        Raises:
            ImageError: it cannot be opened.
        """
        self.stride, self._counts_frames = stride, counts_frames
        self._process, self._is_open = DecodingProcess(send_clip, path, stride, max_pixels), False
        try:
            opened = self._receive()
            assert isinstance(opened, Opened)
        except BaseException:
            self._process.stop()
            raise
        self.announced, self.rate, self._is_open = opened.frames, opened.rate, True

    def __enter__(self) -> "ClipReader":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stop()

    def frames(self) -> Iterator[Frame]:
        """Every frame that is asked for.

        Raises:
            ImageError: after the last one that can be decoded, where the file is damaged
                (`corrupt`), ends early (`truncated`), has a codec without a decoder here
                (`needs_plugin`), or the decoder has died (`crashed`) or sends nothing any more
                (`timeout`).
        """
        complaints: list[str] = []
        while isinstance(message := self._receive(), Coming):
            complaints += message.complaints[: 100 - len(complaints)]
            try:
                pixels = self._process.pixels(message)
            except (EOFError, OSError):
                raise self._died() from None
            video = VideoFrame(message.number, message.time_s)
            warnings = tuple(f"the decoder says: {line}" for line in message.complaints)
            yield Frame(pixels, video, warnings)
        assert isinstance(message, Ended)
        self._check(message, [*complaints, *message.complaints])

    def _check(self, end: Ended, complaints: list[str]) -> None:
        """Nothing, if the clip was whole; raises as `frames`."""
        missing = self.announced - end.frames if self._counts_frames else 0
        cut = missing > 1 or any(map(says_cut, complaints))
        if not (cut or end.lost or complaints or not end.frames):
            return
        if not end.frames and (codec := codec_without_decoder(complaints)):
            raise ImageError(
                "needs_plugin",
                f"this build of OpenCV has no decoder for {codec}; convert the video, as with "
                "ffmpeg -i VIDEO -c:v libx264 NEW.mp4",
            )
        if not end.frames:
            said = "; ".join(complaints) or "it holds none"
            raise ImageError("corrupt", f"no frame of the video can be decoded: {said}")
        found = [f"{end.frames - end.lost:,} frames were decoded"]
        if end.lost:
            found.append(f"{end.lost:,} between them were lost")
        if missing > 1:
            found.append(f"{self.announced:,} are announced")
        if complaints:
            found.append(f"the decoder says: {complaints[0]}")
        if end.lost or not cut:
            raise ImageError("corrupt", f"the video is damaged: {'; '.join(found)}")
        raise ImageError("truncated", f"the video ends early: {'; '.join(found)}")

    def _receive(self) -> Any:
        limit_s = SILENCE_S if self._is_open else START_S
        try:
            if not self._process.connection.poll(limit_s):
                raise ImageError("timeout", f"the decoder sent no frame for {limit_s:g} s")
            message = self._process.connection.recv()
        except (EOFError, OSError):
            raise self._died() from None
        if isinstance(message, Refused):
            raise ImageError(message.kind, message.message)
        return message

    def _died(self) -> ImageError:
        code = self._process.exit_code
        return ImageError("crashed", f"the decoding process died (exit code {code})")
