"""Our site as a part of a site of MkDocs: built in a folder that lasts, so that each build makes only what changed."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from runstore.errors import StoreError
from runstore.format.locate import default_store_root, existing_store
from runstore.reading.problems import Problem
from runstore.reading.store import Store
from runstore.settings import from_environment
from sitegen import urls
from sitegen.assets import AssetSet, cache_dir, load_assets
from sitegen.build import Kept, build_site
from sitegen.embedded import embedded_files
from sitegen.extras import PublicSite
from sitegen.looks import Look
from sitegen.plan import SitePlan

PATIENCE_SECONDS: Final = 600.0
"""How long a build waits for another of the same store."""
_PAGES: Final = (".html", ".json", ".txt")
_OF_HOSTS: Final = frozenset({urls.MISSING, urls.ROBOTS, urls.CNAME, urls.SITEMAP, urls.NO_JEKYLL, urls.MANIFEST})


def find_store(given: str | None, beside: Path) -> Path:
    """The root of the store that is given, else the one that belongs to the folder `beside`, as everywhere.

    Raises `StoreError` in one line where there is none.
    """
    if given is not None:
        return existing_store(Path(given)).root
    settings = from_environment()
    return existing_store(default_store_root(beside) if settings.dir is None else settings.store_root()).root


@dataclass(frozen=True, slots=True)
class Built:
    """Our site as it is now below `out`: how it was planned, the SHA-256 of its files by their paths, what is wrong in
    the whole `store`, and the projects that stay in it."""

    out: Path
    plan: SitePlan
    digests: Mapping[str, str]
    problems: tuple[Problem, ...]
    hidden: tuple[str, ...]
    store: Store = field(repr=False)

    @property
    def of_reports(self) -> frozenset[Problem]:
        """The problems in what reports of the store say, which no page of MkDocs shows."""
        reports = self.plan.reports
        plans = (*reports.plans, *(plan for pinned in reports.pinned for plan in pinned.plans))
        own = {plan.file.relative for plan in plans}
        return frozenset(each for each in self.problems if each.path in own)

    def paths(self, *, pages: bool) -> Iterator[str]:
        """The files that a site of MkDocs needs of it; without `pages` only what figures are drawn from."""
        for path in self.digests:
            if path not in _OF_HOSTS and (pages or not path.endswith(_PAGES)):
                yield path


@dataclass
class Site:
    """The site of one store, `public` or whole, which one process at a time builds and copies."""

    store: Path
    public: bool
    kept: Kept = field(default_factory=Kept)

    def __post_init__(self) -> None:
        name = hashlib.sha256(os.fsencode(self.store.resolve()) + b"\0public" * self.public).hexdigest()[:16]
        self.folder = cache_dir() / "mkdocs" / name
        self._lock = FileLock(self.folder / "lock", timeout=PATIENCE_SECONDS)

    @property
    def changed(self) -> Path:
        """A file that is touched when the store changed."""
        return self.folder / "changed"

    def hold(self) -> None:
        """Keeps other processes out until `release`. Raises `StoreError`."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock.acquire()
            if not self.changed.exists():
                self.changed.touch()
        except Timeout:
            raise StoreError(f"{self.store}: another build of its site has not ended; end that first") from None
        except OSError as error:
            raise StoreError(
                f"{self.folder}: cannot be made ({error.strerror}); name another place in RUNSTORE_CACHE_DIR"
            ) from None

    def release(self) -> None:
        self._lock.release(force=True)

    def build(self) -> Built:
        """Brings the site up to date. Raises `StoreError`."""
        out = self.folder / "site"
        public = PublicSite() if self.public else None
        # Even where nothing changed the plan is needed: with a look of our own no build is left out.
        report = build_site(self.store, out, look=Look(self.store, out, public), kept=self.kept, public=public)
        plan, store = self.kept.plan, self.kept.store
        if plan is None or store is None:
            raise StoreError(f"{self.store}: found no plan of its site; build it again")
        digests = json.loads((out / urls.MANIFEST).read_bytes())["files"]
        hidden = tuple(each.name for each in store.projects if each.name not in plan.subjects)
        return Built(out, plan, digests, report.problems, hidden, store)


def embedding_assets() -> AssetSet:
    """The site's assets, and what other pages need to show its figures."""
    return AssetSet({**load_assets().files, **embedded_files()})


def put_file(source: Path, target: Path, *, linked: bool) -> None:
    """A file at another place: the same one where it may be `linked`, else a copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if linked:
        target.unlink(missing_ok=True)
        with suppress(OSError):
            os.link(source, target)
            return
    shutil.copyfile(source, target)
