"""A run's files as its page lists them, and what of each it shows without a download: text, tables, pictures."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Final

from runstore.reading.store import RunRecord
from sitegen import urls
from sitegen.data.shards import shard
from sitegen.pages.files import StoredFile, shown_name
from sitegen.pages.logs import log_files, told_text
from sitegen.pages.values import cell, short

MAX_PREVIEW: Final = 200_000
"""Of a longer text (bytes) the beginning is shown."""
MAX_PREVIEWED: Final = 16_000_000
"""Bytes of previews a run; files after that are offered for download alone."""
_SHARD: Final = 256_000
_IMAGES: Final = frozenset(("png", "jpg", "jpeg", "gif", "webp", "avif", "bmp"))
_TEXTS: Final = {"json": "json", "ipynb": "json", "csv": "csv", "tsv": "tsv"}

Preview = dict[str, Any]


def files_index(run: RunRecord, stored: Sequence[StoredFile]) -> str | None:
    """Where the page finds the list of its files, from its own folder; None where there is none."""
    sizes = [*_own(run), *((file.path, file.size) for file in stored)]
    return f"{urls.FILE_INDEX}?v={urls.digest(str(sizes))}" if sizes else None


def file_data(run: RunRecord, stored: Sequence[StoredFile]) -> Iterator[tuple[str, bytes]]:
    """The data files of a run's files, by where they lie in the run's folder: previews, and last the list."""
    listed = [*_own(run), *((file.path, file.size, file.target) for file in stored)]
    if not listed:
        return
    rows: list[list[Any]] = []
    shards: list[list[str]] = []
    pending: list[Preview] = []
    size = total = 0
    for path, length, target in listed:
        kind, preview, cost = _preview(run.layout.path / path, path, target, room=MAX_PREVIEWED - total)
        if preview is not None and "/" not in path and target != urls.PATCH:
            preview["text"] = told_text(preview["text"], run.disclosure)
        place = None if preview is None else [len(shards), len(pending)]
        rows.append([shown_name(path), length, urls.href(target) if target else None, kind, place])
        if preview is None:
            continue
        pending.append(preview)
        size, total = size + cost, total + cost
        if size > _SHARD:
            yield _put(shards, pending)
            pending, size = [], 0
    if pending:
        yield _put(shards, pending)
    yield urls.FILE_INDEX, shard("files", {"files": rows, "shards": shards})


def _put(shards: list[list[str]], previews: list[Preview]) -> tuple[str, bytes]:
    name, path = f"files {len(shards)}", urls.file_shard(len(shards))
    content = shard(name, previews)
    shards.append([name, f"{path}?v={hashlib.sha256(content).hexdigest()[:8]}"])
    return path, content


def _own(run: RunRecord) -> list[tuple[str, int, str | None]]:
    """The files of the run itself that a person reads: path, size, and where a copy of it lies."""
    layout, known = run.layout, run.files
    # What somebody wrote by hand, a history alone, is no tree of files.
    logs = log_files(run)
    if not (known.get(layout.requirements_txt.name) or known.get(layout.changes_patch.name) or logs):
        return []
    texts = (layout.config_yaml, layout.summary_json, layout.metrics_yaml, layout.requirements_txt)
    found: list[tuple[str, int, str | None]] = [
        (path.name, known[path.name], None) for path in texts if known.get(path.name)
    ]
    if size := known.get(layout.changes_patch.name):
        found.append((layout.changes_patch.name, size, urls.PATCH))
    return found + [(file.path.name, known[file.path.name], file.target) for file in logs]


def _preview(path: Path, name: str, target: str | None, *, room: int) -> tuple[str | None, Preview | None, int]:
    """What kind of preview a file has, the preview where it is data of ours, and its size."""
    ending = PurePosixPath(name).suffix[1:].lower()
    if ending in _IMAGES:
        return ("image" if target else None), None, 0
    if room <= 0:
        return None, None, 0
    if ending in ("parquet", "pq"):
        table = _parquet(path)
        return ("table" if table else None), table, 0 if table is None else len(str(table))
    text = _text(path)
    if text is None:
        return None, None, 0
    return _TEXTS.get(ending, "text"), text, len(text["text"])


def _text(path: Path) -> Preview | None:
    """The beginning of a file that is text in UTF-8, None for any other."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            data = file.read(MAX_PREVIEW + 1)
    except OSError:
        return None
    whole = len(data) <= MAX_PREVIEW
    data = data[:MAX_PREVIEW]
    try:
        # The cut may go through a letter of several bytes.
        text = data.decode() if whole else data[: len(data) - 3].decode("utf-8", "strict")
    except UnicodeDecodeError as error:
        if whole or error.start < len(data) - 8:
            return None
        text = data[: error.start].decode()
    return None if "\0" in text else {"text": text, "whole": whole}


def _parquet(path: Path) -> Preview | None:
    """The first rows of a Parquet file, None for one that cannot be read."""
    from sitegen.data.parquet import parquet_head

    head = parquet_head(path)
    if head is None:
        return None
    columns, rows, total, width = head
    return {
        "columns": [short(name, 200) for name, _ in columns],
        "types": [kind[:100] for _, kind in columns],
        "rows": [[short(cell(value), 500) for value in row] for row in rows],
        "total": total,
        "width": width,
    }
