"""One file of an artifact as a script sees it."""

from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, Final

from runstore.artifacts.errors import ArtifactError, ArtifactNotLoggedError
from runstore.artifacts.manifest import FileEntry

if TYPE_CHECKING:
    from runstore.artifacts.artifact import Artifact

SCHEME: Final = "runstore-artifact"


class ArtifactManifestEntry:
    """A file (`digest` is its SHA-256) or a reference (`ref`) that an artifact holds at `path`.

    `size` is in bytes, None when unknown. `local_path` is where the bytes lie now; nobody may write there.
    """

    def __init__(self, entry: FileEntry, artifact: "Artifact") -> None:
        self.record: Final = entry
        self._artifact = artifact

    @property
    def path(self) -> str:
        return self.record.path

    @property
    def name(self) -> str:
        return self.record.path

    @property
    def digest(self) -> str:
        return self.record.digest

    @property
    def size(self) -> int | None:
        return self.record.size

    @property
    def ref(self) -> str | None:
        return self.record.ref or None

    @property
    def extra(self) -> dict[str, Any]:
        return {"etag": self.record.etag} if self.record.etag else {}

    @property
    def local_path(self) -> str | None:
        return self._artifact.path_of(self.record)

    def parent_artifact(self) -> "Artifact":
        """The artifact that holds it."""
        return self._artifact

    def download(self, root: str | None = None, skip_cache: bool | None = None, executor: Any = None) -> str:
        """Brings the file to `root` (default: the artifact's own directory) and gives its path. Raises `StoreError`."""
        return self._artifact.download_entry(self.record, root)

    def ref_target(self) -> str:
        """The address of a reference. Raises `ValueError` for a file."""
        if not self.record.ref:
            raise ArtifactError(f"{self.path!r} is a file of the artifact and no reference; use download()")
        return self.record.ref

    def ref_url(self) -> str:
        """An address of this entry that other artifacts may refer to; `add_reference(entry)` does the same."""
        if self._artifact.is_draft():
            raise ArtifactNotLoggedError("ref_url")
        return f"{SCHEME}://{self._artifact.id}/{self.path}"

    def to_json(self) -> dict[str, Any]:
        """Its facts as plain values."""
        facts = {"path": self.path, "digest": self.digest, "size": self.size, "ref": self.ref}
        return {key: value for key, value in facts.items() if value is not None}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ArtifactManifestEntry) and other.record == self.record

    def __hash__(self) -> int:
        return hash(self.record)

    def __repr__(self) -> str:
        return f"ArtifactManifestEntry({', '.join(f'{key}={value!r}' for key, value in self.to_json().items())})"


class ArtifactFile:
    """A file of an artifact as `artifact.files()` lists them, and `run.files()` those of a run."""

    def __init__(self, entry: ArtifactManifestEntry) -> None:
        self._entry = entry

    @property
    def name(self) -> str:
        return self._entry.path

    @property
    def size(self) -> int:
        """In bytes, 0 when unknown."""
        return self._entry.size or 0

    @property
    def digest(self) -> str:
        return self._entry.digest

    @property
    def mimetype(self) -> str | None:
        """What its name says that it is."""
        import mimetypes

        return mimetypes.guess_type(self.name)[0]

    @property
    def url(self) -> str:
        """Where it lies."""
        path = self._entry.local_path
        return self._entry.ref or ("" if path is None else Path(path).absolute().as_uri())

    def download(self, root: str = ".", replace: bool = False, exist_ok: bool = False, api: Any = None) -> IO[str]:
        """Brings it to `root`, and opens it. Raises `ValueError` where a file is there, unless one of both is set."""
        target = Path(root, *PurePosixPath(self.name).parts)
        if target.exists() and not replace:
            if not exist_ok:
                raise ArtifactError(f"{target}: is there already; pass replace=True, or exist_ok=True to keep it")
            return open(target, encoding="utf-8", errors="surrogateescape")
        return open(self._entry.download(root), encoding="utf-8", errors="surrogateescape")

    def __repr__(self) -> str:
        return f"<File {self.name} ({self.mimetype or 'unknown'}, {self.size} bytes)>"


class ArtifactManifest:
    """What an artifact holds: `entries` by path."""

    def __init__(self, entries: dict[str, ArtifactManifestEntry]) -> None:
        self.entries: Final = entries

    def get_entry_by_path(self, path: str) -> ArtifactManifestEntry | None:
        return self.entries.get(path)

    def get_entries_in_directory(self, directory: str) -> list[ArtifactManifestEntry]:
        """The entries below a directory of the artifact."""
        prefix = directory.strip("/") + "/"
        return [entry for path, entry in self.entries.items() if path.startswith(prefix)]

    def size(self) -> int:
        """Bytes in all files whose size is known."""
        return sum(entry.size or 0 for entry in self.entries.values())

    def __len__(self) -> int:
        return len(self.entries)
