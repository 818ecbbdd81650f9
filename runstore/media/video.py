"""Videos: from arrays of frames, encoded when they are made, or files."""

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Final

from runstore.errors import BadTypeError, BadValueError, UsageError
from runstore.media.base import MEDIA_EXTRA, FileMedia, Shelf, Stub, ending_of, need, read_stream, source_file
from runstore.media.pixels import as_array, size_of

_CODECS: Final = {
    "mp4": ("libx264", "libopenh264", "mpeg4"),
    "webm": ("libvpx-vp9", "libvpx"),
    "ogg": ("libtheora", "libvpx"),
}


class Video(FileMedia):
    """A video.

    `data_or_path` is the path of a file or an open one (a `BytesIO`), kept byte for byte, or an array of frames: (time,
    channels, height, width), or a batch of such, which are shown side by side. An open file and an array need
    `format`, one of gif, mp4, webm, ogg; `fps` is how many frames of an array there are a second. GIF needs Pillow,
    the others PyAV. Raises `ValueError` or `TypeError`, both `UsageError`s too.
    """

    kind = "video-file"
    folder = "videos"
    EXTS: ClassVar[tuple[str, ...]] = ("gif", "mp4", "webm", "ogg")

    def __init__(
        self,
        data_or_path: Any,
        caption: str | None = None,
        fps: int | None = None,
        format: str | None = None,  # noqa: A002 - W&B's name
    ) -> None:
        self._width: int | None = None
        self._height: int | None = None
        if isinstance(data_or_path, str | os.PathLike):
            path = source_file(data_or_path, "a video")
            super().__init__(path, ending_of(path.name, self.EXTS, "a video"), caption)
            found = size_of(path) if self.format == "gif" else None
            if found is not None:
                self._width, self._height = found[1], found[2]
            return
        if hasattr(data_or_path, "read"):
            form = self._check_format(format, "raw bytes (an io object)")
            super().__init__(read_stream(data_or_path, "a video"), form, caption)
            return
        if not (hasattr(data_or_path, "shape") or isinstance(data_or_path, list | tuple)):
            raise BadTypeError(
                f"Video accepts a file path or numpy like data as input, found a {type(data_or_path).__name__}"
            )
        form = self._check_format(format, "a numpy array")
        frames = _tile(as_array(data_or_path, "a video"))
        self._height, self._width = frames.shape[1:3]
        super().__init__(_encode(frames, form, fps or 4), form, caption)

    @property
    def width(self) -> int | None:
        return self._width

    @property
    def height(self) -> int | None:
        return self._height

    def _check_format(self, form: str | None, source: str) -> str:
        if form is None:
            raise BadValueError(
                f"Video requires a `format` argument when initializing with {source}: one of {', '.join(self.EXTS)}"
            )
        if form not in self.EXTS:
            raise BadValueError(f"Video accepts {', '.join(self.EXTS)} formats, found {form!r}")
        return form

    def facts(self, shelf: Shelf) -> Stub:
        sizes = {"width": self._width, "height": self._height}
        return {"format": self.format, **{key: value for key, value in sizes.items() if value is not None}}

    def _restore(self, folder: Path, stub: Mapping[str, Any]) -> None:
        self._width, self._height = stub.get("width"), stub.get("height")


def _tile(array: Any) -> Any:
    """Frames (time, height, width, 3 channels) of 8 bits; a batch of videos lies in a grid. Raises `ValueError`."""
    import numpy

    shape = list(array.shape)
    if array.ndim == 4:
        array = array[None]
    if array.ndim != 5 or not array.size or array.shape[2] not in (1, 3, 4):
        raise BadValueError(
            "Video must be at least 4 dimensions: time, channels, height, width (with 1, 3 or 4 channels), "
            f"found the shape {shape}"
        )
    if array.dtype != numpy.uint8:
        array = numpy.nan_to_num(array).clip(0, 255).astype(numpy.uint8)
    batch, time, channels, height, width = array.shape
    room = 1 << (batch - 1).bit_length()
    rows = 1 << ((batch.bit_length() - 1) // 2)
    array = numpy.concatenate((array, numpy.zeros((room - batch, time, channels, height, width), numpy.uint8)))
    grid = array.reshape(rows, room // rows, time, channels, height, width).transpose(2, 0, 4, 1, 5, 3)
    frames = grid.reshape(time, rows * height, room // rows * width, channels)
    return numpy.repeat(frames, 3, axis=3) if channels == 1 else frames[..., :3]


def _encode(frames: Any, form: str, fps: Any) -> bytes:
    if not hasattr(fps, "__float__") or not fps > 0:
        raise BadValueError(f"fps is {fps!r}, expected a number of frames a second above 0")
    return _as_gif(frames, fps) if form == "gif" else _as_stream(frames, form, fps)


def _as_gif(frames: Any, fps: float) -> bytes:
    pillow = need("PIL.Image", "a video as GIF", MEDIA_EXTRA)
    first, *rest = [pillow.fromarray(frame) for frame in frames]
    buffer = io.BytesIO()
    first.save(buffer, "GIF", save_all=True, append_images=rest, duration=round(1000 / fps), loop=0)
    return buffer.getvalue()


def _as_stream(frames: Any, form: str, fps: float) -> bytes:
    """A film by PyAV. Sides are made even by a line of black, which most players ask for."""
    from fractions import Fraction

    import numpy

    av = need("av", f"a video as {form}", f'{MEDIA_EXTRA}, or pass format="gif"')
    codec = next((name for name in _CODECS[form] if name in av.codecs_available), None)
    if codec is None:
        raise UsageError(f'the PyAV that is installed cannot write {form}; pass format="gif"')
    frames = numpy.pad(frames, ((0, 0), (0, frames.shape[1] % 2), (0, frames.shape[2] % 2), (0, 0)))
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=form) as film:
        stream = film.add_stream(codec, rate=Fraction(fps).limit_denominator(1000))
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            for packet in stream.encode(av.VideoFrame.from_ndarray(numpy.ascontiguousarray(frame), format="rgb24")):
                film.mux(packet)
        for packet in stream.encode():
            film.mux(packet)
    return buffer.getvalue()
