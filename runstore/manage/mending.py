"""What is left of a damaged file when its damage is cut out: bytes in, bytes out, and no row or field lost that a
reader could read."""

import json
from collections.abc import Iterable
from typing import Any

from runstore.format import lenient, yaml12
from runstore.format.values import plain
from runstore.reading.rows import decode_line

_MARK = b"\xef\xbb\xbf"


def mend_lines(data: bytes, *, steps: bool) -> bytes:
    """A file of one JSON object a line: glued rows apart, torn ends and NUL bytes cut out, the rest as it was.

    A line that holds nothing readable is left empty, so that the others keep their numbers. With `steps` (a history)
    rows without a `_step` stand for their line's number: where glued rows move them, they are given it.
    """
    lines = data.removeprefix(_MARK).split(b"\n")
    if not lines[-1].strip(b"\0 \t\r"):
        lines.pop()
    # Only of damaged lines the rows are held: a history may be larger than what its rows leave room for in memory.
    damaged = {number: rows for number, line in enumerate(lines) if (rows := _if_damaged(line)) is not None}
    moved = steps and any(len(rows) > 1 for rows in damaged.values())
    out: list[bytes] = []
    for number, line in enumerate(lines):
        rows = damaged.get(number)
        if moved:
            rows = _numbered(decode_line(line)[0] if rows is None else rows, number, damaged=rows is not None)
        out += [line.rstrip(b"\r")] if rows is None else [dump_row(row) for row in rows] or [b""]
    while out and not out[-1]:
        out.pop()
    return b"".join(line + b"\n" for line in out)


def _if_damaged(line: bytes) -> list[dict[str, Any]] | None:
    """The rows in a line that has to be mended, None for a sound one."""
    rows, found = decode_line(line)
    return None if found is None else rows


def _numbered(rows: list[dict[str, Any]], number: int, *, damaged: bool) -> list[dict[str, Any]] | None:
    """Rows that all say their step; None for those of a sound line, which said it before."""
    if not damaged and all("_step" in row for row in rows):
        return None
    return [row if "_step" in row else {**row, "_step": number} for row in rows]


def dump_row(row: dict[str, Any]) -> bytes:
    """A row as a line of a history, without its newline."""
    return json.dumps(plain(row), ensure_ascii=False, separators=(",", ":")).encode()


def mend_object(data: bytes) -> bytes | None:
    """A JSON object without the NUL bytes or other dirt around it; None when none can be read."""
    clean = _clean(data)
    try:
        value, _ = lenient.decode_at(clean, clean.index("{"))
    except ValueError:
        return None
    return dump_row(value) if isinstance(value, dict) else None


def mend_yaml(data: bytes) -> bytes:
    """A YAML mapping or list of which each top-level part is kept that can be read by itself."""
    text = _clean(data)
    if _loads(text):
        return text.encode()
    kept, keys = [], set[str]()
    for part in _parts(text.splitlines(keepends=True)):
        value = _value(part)
        if isinstance(value, dict) and not value.keys() & keys:
            keys |= value.keys()
            kept.append(part)
        elif isinstance(value, list):
            kept.append(part)
    joined = "".join(kept)
    return joined.encode() if _loads(joined) else b""


def _parts(lines: Iterable[str]) -> list[str]:
    parts: list[str] = []
    for line in lines:
        if not parts or line[:1] not in (" ", "\t", "#", "\n", "\r"):
            parts.append(line)
        else:
            parts[-1] += line
    return parts


def _loads(text: str) -> bool:
    return isinstance(_value(text), dict | list | None) if text.strip() else True


def _value(text: str) -> Any:
    try:
        return yaml12.load(text)
    except yaml12.YamlError:
        return ""


def _clean(data: bytes) -> str:
    return data.removeprefix(_MARK).replace(b"\0", b"").decode("utf-8", "replace")
