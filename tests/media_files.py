"""Small media files for tests, and the stubs that a row says of them: written as the format says, by hand."""

import base64
import hashlib
import io
import json
import math
import struct
import wave
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.stores import write_file


def png(width: int, height: int, pixel: Callable[[int, int], Sequence[int]], grey: bool = False) -> bytes:
    """A PNG of `pixel(x, y)`: red, green, blue, or one value for a grey picture."""
    rows = b"".join(b"\0" + bytes(value for x in range(width) for value in pixel(x, y)) for y in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 0 if grey else 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def wav(seconds: float = 0.2, rate: int = 8000) -> bytes:
    """A tone."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        tone = (int(9000 * math.sin(at * 0.3)) for at in range(int(seconds * rate)))
        file.writeframes(b"".join(struct.pack("<h", value) for value in tone))
    return buffer.getvalue()


def gif() -> bytes:
    """A picture of one pixel."""
    return bytes.fromhex("47494638396101000100800000ff0000ffffff21f90400000000002c00000000010001000002024401003b")


def webm() -> bytes:
    """A film of two frames of 16 x 16 pixels, as a browser recorded it."""
    return base64.b64decode(_WEBM)


_WEBM = (
    "GkXfo59ChoEBQveBAULygQRC84EIQoKEd2VibUKHgQRChYECGFOAZwEAAAAAAAGZEU2bdLlNu4tTq4QVSalmU6yBbk27i1OrhBZU"
    "rmtTrIGTTbuLU6uEH0O2dVOsgdRNu4xTq4QcU7trU6yCAYfsrgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    "AAAAAAAAAAAVSalmoCrXsYMPQkBEiYRDFfXDTYCGQ2hyb21lV0GGQ2hyb21lFlSua7yuuteBAXPFh7/fhRopSKuDgQFV7oEBhoVW"
    "X1ZQOOCdsIEQuoEQU8CBAVWwkFWxgQFVuYECVbqBDVW7gQEfQ7Z1AQAAAAAAAKfngQCg6aG+gQAAAPACAJ0BKhAAEAAABwiFhYiZ"
    "hIgBJBATrVAfwB/QEGpvcP7+67y/+U9jivo/8p+//5PdnjSmiX/5OAB1oaampO6BAaWfEAIAnQEqEAAQAAAHCIWFiJmEiAEkEABg"
    "awD+/7qDAKC3oZaBAJUA0QEAABAJIADAAMLBf6AAQAAAdaGZppfugQGlktEBAAAQCSAAwADCwX+gAEAAAPuBABxTu2uNu4uzgQC3"
    "hveBAfGB1A=="
)


def stored(folder: Path, kind: str, name: str, content: Any, **facts: Any) -> dict[str, Any]:
    """Writes a media file below a run's directory; returns its stub."""
    data = content if isinstance(content, bytes) else content.encode() if isinstance(content, str) else _json(content)
    path = write_file(folder / "media" / name, data)
    digest = hashlib.sha256(data).hexdigest()
    return {
        "_type": f"{kind}-file",
        "path": path.relative_to(folder).as_posix(),
        "sha256": digest,
        "size": len(data),
        **facts,
    }


def table(folder: Path, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """Writes a table; returns its stub."""
    content = {"columns": list(columns), "data": [list(row) for row in rows], "nrows": len(rows)}
    return stored(folder, "table", f"table/{name}.table.json", content, ncols=len(columns), nrows=len(rows))


def plot(folder: Path, preset: str | None, columns: Sequence[str], rows: Sequence[Sequence[Any]], **given: Any) -> Any:
    """Writes the table of a chart; returns the chart's stub."""
    name = f"plot-{preset}-{hashlib.sha256(repr((columns, rows)).encode()).hexdigest()[:8]}"
    facts = {"title": "", "fields": {}, "strings": {}, **given}
    return {"_type": "plot", "preset": preset, **facts, "table": table(folder, name, columns, rows)}


def histogram(counts: Sequence[float], low: float, high: float) -> dict[str, Any]:
    width = (high - low) / len(counts)
    return {"_type": "histogram", "values": list(counts), "bins": [low + at * width for at in range(len(counts) + 1)]}


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()
