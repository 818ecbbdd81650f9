"""Sounds: from arrays, written as 16-bit WAV, or files."""

import io
import os
import wave
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runstore.errors import BadValueError
from runstore.media.base import FileMedia, Shelf, Stub, source_file
from runstore.media.pixels import as_array

_MOST_CHANNELS = 64


class Audio(FileMedia):
    """A sound.

    `data_or_path` is the path of a file, which is kept byte for byte, or an array or list of samples (one value a
    moment, or one row a moment and one column a channel), which needs `sample_rate` in Hz: fractions lie between -1
    and 1, whole numbers use the range of their type. Raises `ValueError` or `TypeError`, both `UsageError`s too.
    """

    kind = "audio-file"
    folder = "audio"

    def __init__(self, data_or_path: Any, sample_rate: int | None = None, caption: str | None = None) -> None:
        self._duration: float | None = None
        if isinstance(data_or_path, str | os.PathLike):
            path = source_file(data_or_path, "a sound")
            self._sample_rate = None if sample_rate is None else _rate(sample_rate)
            super().__init__(path, path.suffix[1:].lower() or "wav", caption)
            self._measure(path)
            return
        if sample_rate is None:
            raise BadValueError('Argument "sample_rate" is required when instantiating Audio with raw data; in Hz')
        self._sample_rate = _rate(sample_rate)
        super().__init__(self._encode(data_or_path), "wav", caption)

    @property
    def sample_rate(self) -> int | None:
        """In Hz; None for a file of which it is not known."""
        return self._sample_rate

    @property
    def duration(self) -> float | None:
        """In seconds; None for a file of which it is not known."""
        return self._duration

    def _encode(self, data: Any) -> bytes:
        array = as_array(data, "a sound")
        if array.ndim == 2 and array.shape[1] > _MOST_CHANNELS >= array.shape[0]:
            array = array.T  # As torchaudio has it.
        if array.ndim not in (1, 2) or not array.size or (array.ndim == 2 and array.shape[1] > _MOST_CHANNELS):
            raise BadValueError(
                f"a sound from an array of the shape {list(array.shape)}; expected samples, or samples x channels"
            )
        samples = _as_int16(array)
        assert self._sample_rate is not None
        self._duration = len(samples) / self._sample_rate
        buffer = io.BytesIO()
        with wave.open(buffer, "wb") as file:
            file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
            file.setsampwidth(2)
            file.setframerate(self._sample_rate)
            file.writeframes(samples.astype("<i2").tobytes())
        return buffer.getvalue()

    def _measure(self, path: Path) -> None:
        """Takes rate and duration from a WAV file; of others they are not known."""
        try:
            with wave.open(os.fspath(path), "rb") as file:
                self._sample_rate = self._sample_rate or file.getframerate()
                self._duration = file.getnframes() / (file.getframerate() or 1)
        except (wave.Error, EOFError, OSError):
            pass  # No WAV file, or one of a kind that this reader does not know.

    def facts(self, shelf: Shelf) -> Stub:
        known = {"sample_rate": self._sample_rate, "duration": self._duration}
        return {"format": self.format, **{key: value for key, value in known.items() if value is not None}}

    def _restore(self, folder: Path, stub: Mapping[str, Any]) -> None:
        self._sample_rate, self._duration = stub.get("sample_rate"), stub.get("duration")


def _rate(given: Any) -> int:
    try:
        found = float(given)
    except (TypeError, ValueError):
        found = 0.0
    if not 0 < found < 2**31:
        raise BadValueError(f"sample_rate is {given!r}, expected a number of samples a second above 0 and below 2**31")
    return round(found)


def _as_int16(array: Any) -> Any:
    import numpy

    kind, size = array.dtype.kind, array.dtype.itemsize
    if kind == "f":
        finite = numpy.nan_to_num(array.astype(numpy.float64), nan=0.0, posinf=1.0, neginf=-1.0)
        return numpy.round(finite.clip(-1, 1) * 32767).astype(numpy.int16)
    if kind == "b" or (size == 2 and kind == "i"):
        return array.astype(numpy.int16)
    if kind == "u":
        array = array.astype(numpy.int64) - (1 << (8 * size - 1)) if size < 8 else array.astype(numpy.int64)
    wide = array.astype(numpy.int64)
    return (wide << 8 if size == 1 else wide >> (8 * min(size, 4) - 16)).clip(-32768, 32767).astype(numpy.int16)
