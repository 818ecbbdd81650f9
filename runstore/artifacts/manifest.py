"""`manifest.yaml`: one version of an artifact, in lines that mean the same wherever they stand.

    # comment
    - {"id":"k3x9a2bc","name":"model","type":"model","created":"…","digest":"…","aliases":{"best":"<when>"}, …}
    - {"id":"k3x9a2bc","path":"model.pt","sha256":"…","size":3}
    - {"id":"k3x9a2bc","path":"data","ref":"s3://bucket/data","etag":"…"}

Each line is JSON, which is YAML too, and names the version that it belongs to. So two branches that both wrote this
file merge line by line (`merge=union`): two versions in one file, or two descriptions of one version, of which each
fact counts that was written last.
"""

import os
import re
import secrets
import stat
import string
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson

from runstore.errors import FormatError, StoreError
from runstore.format import lenient
from runstore.format.records import parse_time, unreadable
from runstore.format.values import plain

_COMMENT = b"# One version of an artifact: a line for itself, then a line a file. Branches merge it by merge=union.\n"
_SHA256 = re.compile(r"^[0-9a-f]{64}$")
# What orjson leaves as it is and a reader of YAML does not.
_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_HEAD = re.compile(rb'^- \{"id":"[^"]*","name":', re.MULTILINE)
_ODD = re.compile(rb'^(?!- \{"id":"|#|[ \t\r]*$)', re.MULTILINE)
_DIGITS = string.digits + string.ascii_lowercase
NEVER: Final = ""
"""In place of a time: it never happened."""


@dataclass(frozen=True, slots=True)
class Source:
    """The version that a linked one stands for."""

    project: str
    name: str
    version: str
    id: str


@dataclass(frozen=True, slots=True)
class Head:
    """What one version says of itself. Times are ISO 8601 in UTC, "" for never.

    `files` and `size` (bytes, as far as known) sum up its entries. `aliases` and `unaliased` say when an alias was
    given and taken away. `ttl` is in seconds, None for ever. `run` is the id of the run that logged it, `step` where
    that run was.
    """

    id: str
    name: str
    type: str = "unspecified"
    created: str = ""
    edited: str = ""
    digest: str = ""
    files: int = 0
    size: int = 0
    run: str = ""
    step: int | None = None
    description: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    unaliased: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    ttl: float | None = None
    use_as: str = ""
    source: Source | None = None
    deleted: str = NEVER
    restored: str = NEVER

    @property
    def is_deleted(self) -> bool:
        return self.deleted > self.restored

    @property
    def age_order(self) -> tuple[float, str]:
        """Sorts versions by when they were made, the same everywhere."""
        moment = parse_time(self.created)
        return (moment if moment is not None else float("inf"), self.id)


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of a version: a blob (`sha256`), or a reference to what lies elsewhere (`ref`)."""

    path: str
    sha256: str = ""
    size: int | None = None
    ref: str = ""
    etag: str = ""

    @property
    def digest(self) -> str:
        """What changes when the content does, as far as that is known."""
        return self.sha256 or self.etag or self.ref


@dataclass(frozen=True, slots=True)
class Record:
    """One version with its files by path."""

    head: Head
    entries: Mapping[str, FileEntry]


def now() -> str:
    """This moment as the manifests write it, to the microsecond."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def new_id() -> str:
    """A random id: eight digits and small letters."""
    return "".join(secrets.choice(_DIGITS) for _ in range(8))


def dump(record: Record) -> bytes:
    """The lines of one version."""
    lines = [dump_head(record.head)]
    for entry in record.entries.values():
        line: dict[str, Any] = {"id": record.head.id, "path": entry.path}
        for key in ("sha256", "ref", "etag"):
            if value := getattr(entry, key):
                line[key] = value
        if entry.size is not None:
            line["size"] = entry.size
        lines.append(_line(line))
    return _COMMENT + _safe(b"".join(lines))


def dump_head(head: Head) -> bytes:
    values: dict[str, Any] = {"id": head.id, "name": head.name, "type": head.type, "created": head.created}
    optional: dict[str, Any] = {
        "edited": head.edited if head.edited != head.created else "",
        "digest": head.digest,
        "files": head.files,
        "size": head.size,
        "run": head.run,
        "step": head.step,
        "description": head.description,
        "metadata": plain(head.metadata),
        "aliases": dict(head.aliases),
        "unaliased": dict(head.unaliased),
        "tags": list(head.tags),
        "ttl": head.ttl,
        "use_as": head.use_as,
        "source": head.source,
        "deleted": head.deleted,
        "restored": head.restored,
    }
    kept = {key: value for key, value in optional.items() if value not in (None, "", {}, [])}
    return _line({**values, **kept})


def lines_of(data: bytes) -> bytes:
    """The lines of a manifest of ours without its comment."""
    return data.removeprefix(_COMMENT)


def without(data: bytes, version: str, *, files_too: bool) -> bytes | None:
    """A manifest's lines but for the comment and what describes one version (and its files, if wished).

    None when a person has laid it out otherwise than a line a fact.
    """
    if _ODD.search(data):
        return None
    start = b'- {"id":' + orjson.dumps(version) + b","
    kept = []
    for line in lines_of(data).splitlines(keepends=True):
        if line.startswith(start):
            is_file = line.startswith(b'"path":', len(start))
            if files_too or not is_file:
                continue
        if line != _COMMENT:
            kept.append(line if line.endswith(b"\n") else line + b"\n")
    return b"".join(kept)


def _line(values: dict[str, Any]) -> bytes:
    return b"- " + orjson.dumps(values) + b"\n"


def _safe(data: bytes) -> bytes:
    text = data.decode()
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode() if _UNSAFE.search(text) else data


def load(path: Path, mistakes: list[FormatError], *, entries: bool = True) -> list[Record]:
    """The versions that one manifest describes, in the order they were made; [] when there is no such file.

    Without `entries` only their heads are looked for, which is quick however many files they have. What cannot be
    used is noted in `mistakes`. Raises `StoreError` for a file that cannot be read.
    """
    return parse(path, read(path), mistakes, entries=entries)


def read(path: Path) -> bytes:
    """The bytes of a plain file, b"" when there is none; no link is followed. Raises `StoreError`."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise FormatError(path, "", "no plain file", "a plain file", "remove what is there")
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return b""
    except OSError as error:
        if path.is_symlink():
            raise FormatError(path, "", "a link", "a plain file", "put the file itself there") from None
        raise unreadable(path, error) from None


def parse(path: Path, data: bytes, mistakes: list[FormatError], *, entries: bool = True) -> list[Record]:
    """The same of a manifest's bytes."""
    lines = None if entries else list(_head_lines(data))
    if not lines:
        lines = list(_lines(path, data, mistakes))
    heads: dict[str, list[Head]] = {}
    files: dict[str, dict[str, FileEntry]] = {}
    for number, values in lines:
        fields = _Fields(path, number, values, mistakes)
        if not (version := fields.text("id")):
            fields.note("id", "none", "the id of the version that the line belongs to", "mend or delete the line")
        elif "path" in values:
            _add_entry(fields, files.setdefault(version, {}))
        else:
            heads.setdefault(version, []).append(_head(fields, version, path))
    for version in files.keys() - heads.keys():
        mistakes.append(
            _mistake(path, 0, "id", f"files of {version!r}", "a line for that version itself", "restore it")
        )
    records = [Record(fold(found), files.get(version, {})) for version, found in heads.items()]
    return sorted(records, key=lambda record: record.head.age_order)


def fold(heads: Iterable[Head]) -> Head:
    """One head of several that describe the same version: of each fact what was written last."""
    first, *others = sorted(heads, key=lambda head: (head.edited or head.created, dump_head(head)))
    folded = first
    for head in others:
        folded = replace(
            head,
            aliases=_latest(folded.aliases, head.aliases),
            unaliased=_latest(folded.unaliased, head.unaliased),
            deleted=max(folded.deleted, head.deleted),
            restored=max(folded.restored, head.restored),
        )
    return folded


def _latest(one: Mapping[str, str], other: Mapping[str, str]) -> dict[str, str]:
    return {key: max(one.get(key, ""), other.get(key, "")) for key in {**one, **other}}


def _head_lines(data: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    """The lines of versions themselves, found without looking at the others; none where one is not as we write it."""
    found = []
    if _ODD.search(data):
        return
    for match in _HEAD.finditer(data):
        end = data.find(b"\n", match.start())
        values = _json(data[match.start() + 2 : end if end >= 0 else len(data)])
        if values is None:
            return
        found.append((data.count(b"\n", 0, match.start()) + 1, values))
    yield from found


def _lines(path: Path, data: bytes, mistakes: list[FormatError]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The mappings in a manifest, each with its line (0 when unknown), as we write them or as YAML of any style."""
    found, bad = [], []
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        text = line.strip()
        if not text or text.startswith(b"#"):
            continue
        values = _json(text[2:]) if text.startswith(b"- {") else None
        if values is None:
            bad.append(number)
        else:
            found.append((number, values))
    if bad and (items := _yaml_items(data)) is not None:
        return iter([(0, item) for item in items])
    for number in bad:
        mistakes.append(
            _mistake(path, number, "", "no JSON object", '- {"id": …} on one line', "mend or delete the line")
        )
    return iter(found)


def _json(data: bytes) -> dict[str, Any] | None:
    try:
        value = lenient.loads(data)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _yaml_items(data: bytes) -> list[dict[str, Any]] | None:
    """The items of a manifest that a person has laid out otherwise; None when it is no list of mappings."""
    from runstore.format import yaml12  # Not at the top: only what a person edited needs it.

    try:
        items = yaml12.load(data)
    except yaml12.YamlError:
        return None
    return items if isinstance(items, list) and all(isinstance(item, dict) for item in items) else None


def _add_entry(fields: "_Fields", entries: dict[str, FileEntry]) -> None:
    path, sha256, ref = fields.text("path"), fields.text("sha256").lower(), fields.text("ref")
    size = fields.values.get("size")
    if not sha256 and not ref:
        fields.note("sha256", "none", "the content's sha256, or a ref", "delete the line")
    elif sha256 and not _SHA256.match(sha256):
        fields.note("sha256", repr(sha256[:20]), "64 hex digits", "restore the line from a copy of the store")
    else:
        entry = FileEntry(path, sha256, size if type(size) is int and size >= 0 else None, ref, fields.text("etag"))
        if entries.setdefault(path, entry) != entry:
            fields.note("path", f"{path[:60]!r} twice", "each path once", "delete the line that is wrong")


def _head(fields: "_Fields", version: str, path: Path) -> Head:
    source = fields.mapping("source")
    number = fields.values.get("ttl")
    return Head(
        id=version,
        name=fields.text("name") or path.parent.parent.name,
        type=fields.text("type") or "unspecified",
        created=fields.time("created"),
        edited=fields.time("edited"),
        digest=fields.text("digest"),
        files=fields.count("files") or 0,
        size=fields.count("size") or 0,
        run=fields.text("run"),
        step=fields.count("step"),
        description=fields.text("description"),
        metadata=fields.mapping("metadata"),
        aliases=fields.moments("aliases"),
        unaliased=fields.moments("unaliased"),
        tags=fields.words("tags"),
        ttl=float(number) if isinstance(number, int | float) and number > 0 else None,
        use_as=fields.text("use_as"),
        source=Source(*(str(source.get(key, "")) for key in ("project", "name", "version", "id"))) if source else None,
        deleted=fields.time("deleted"),
        restored=fields.time("restored"),
    )


@dataclass(frozen=True, slots=True)
class _Fields:
    """The fields of one line, each read by itself; what is wrong goes to `mistakes`."""

    path: Path
    line: int
    values: Mapping[str, Any]
    mistakes: list[FormatError]

    def text(self, key: str) -> str:
        value = self.values.get(key)
        if isinstance(value, str | int | float):
            return str(value)
        if value is not None:
            self.note(key, f"a {type(value).__name__}", "text", f"write {key}: some text")
        return ""

    def time(self, key: str) -> str:
        text = self.text(key)
        if text and parse_time(text) is None:
            self.note(key, repr(text[:40]), "a time of ISO 8601", f"write {key}: '2026-10-01T10:00:00Z'")
        return text

    def count(self, key: str) -> int | None:
        value = self.values.get(key)
        return value if type(value) is int and value >= 0 else None

    def mapping(self, key: str) -> dict[str, Any]:
        value = self.values.get(key)
        if value is not None and not isinstance(value, dict):
            self.note(key, f"a {type(value).__name__}", "a mapping", f"write {key}: {{}}")
        return value if isinstance(value, dict) else {}

    def moments(self, key: str) -> dict[str, str]:
        """Times by name; a plain list of names, as a person may write it, stands for names that were always there."""
        value = self.values.get(key)
        if isinstance(value, list | str):
            return {str(name): "0" for name in ([value] if isinstance(value, str) else value)}
        return {str(name): str(moment or "0") for name, moment in self.mapping(key).items()}

    def words(self, key: str) -> tuple[str, ...]:
        value = self.values.get(key) or []
        found = [value] if isinstance(value, str) else value
        if not isinstance(found, list):
            self.note(key, f"a {type(found).__name__}", "a list of words", f"write {key}: [a, b]")
            return ()
        return tuple(str(word) for word in found)

    def note(self, key: str, found: str, expected: str, mend: str) -> None:
        self.mistakes.append(_mistake(self.path, self.line, key, found, expected, mend))


def _mistake(path: Path, line: int, key: str, found: str, expected: str, mend: str) -> FormatError:
    place = f"line {line}" if line else key
    return FormatError(path, place, f"{key}: {found}" if line and key else found, expected, mend)


def problem_of(path: Path, error: OSError | StoreError) -> StoreError:
    """The error that says why a file or directory of artifacts cannot be read."""
    return error if isinstance(error, StoreError) else unreadable(path, error)
