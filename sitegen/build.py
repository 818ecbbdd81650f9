"""The pipeline: read the store, plan the site, make what changed, write what differs."""

import filecmp
import json
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runstore.errors import StoreError
from runstore.format.records import write_atomically
from runstore.reading.store import Problem, Store, read_store
from sitegen import urls
from sitegen.assets import AssetSet, load_assets, templates_dir
from sitegen.pages.context import PageContext
from sitegen.plan import PlannedFile, ProjectPlan, fingerprint, folder_digest, plan_site

Progress = Callable[[str, int, int], None]
"""Called with what is being made, and how much of it is done, of how much."""


@dataclass(slots=True)
class BuildReport:
    """What a build did. `written` and `removed` are paths relative to the site."""

    out: Path
    runs: int = 0
    projects: int = 0
    bytes_read: int = 0
    written: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def index(self) -> Path:
        return self.out / urls.index_page()


@dataclass(slots=True)
class _Manifest:
    """What the last build left in the output: for the front and each project its digest and its files' digests."""

    parts: dict[str, dict[str, Any]] = field(default_factory=dict)

    def files(self) -> set[str]:
        return {path for part in self.parts.values() for path in part["files"]}


def build_site(store_root: Path, out: Path, *, progress: Progress | None = None) -> BuildReport:
    """Compiles the store at `store_root` into `out`, writing only what changed since the last build there.

    Raises `StoreError` in one line when there is no store, when `out` holds something else than a site of ours or
    cannot be written. Whatever is wrong inside the store is in the report, and on the pages.
    """
    store = read_store(store_root)
    _check_output(out, store)
    assets = load_assets()
    code = (folder_digest(templates_dir(), "*"), folder_digest(Path(__file__).parent, "*.py"))
    release = fingerprint(assets.digest, *code)
    report = BuildReport(
        out,
        runs=sum(len(project.runs) for project in store.projects),
        projects=len(store.projects),
        bytes_read=sum(project.catalog.bytes_read for project in store.projects),
        problems=list(store.all_problems()),
    )
    try:
        _write_site(store, assets, release, report, progress or (lambda *_: None))
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(f"{error.filename or out}: cannot write the site ({reason}); choose another -o") from None
    return report


def _check_output(out: Path, store: Store) -> None:
    root, target = store.layout.root.resolve(), out.resolve()
    if target == root or target in root.parents or target.is_relative_to(root):
        raise StoreError(f"{out}: the site would be mixed with the store {store.layout.root}; choose another -o")
    if out.exists() and not out.is_dir():
        raise StoreError(f"{out}: found a file, expected a directory for the site; choose another -o")
    if out.is_dir() and any(out.iterdir()) and not (out / urls.MANIFEST).is_file():
        raise StoreError(f"{out}: holds files that are not a site of runstore; empty it or choose another -o")


def _write_site(store: Store, assets: AssetSet, release: str, report: BuildReport, progress: Progress) -> None:
    report.out.mkdir(parents=True, exist_ok=True)
    render = _renderer(assets)
    plan = plan_site(store, list(assets.files.items()), release, render)
    before = _read_manifest(report.out)
    if not (report.out / urls.MANIFEST).is_file():
        _write_manifest(report.out, before)
    present = _present(report.out)
    after = _Manifest()
    for number, project in enumerate(plan.projects):
        name = f"project:{project.project.name}"
        after.parts[name] = _write_project(project, before.parts.get(name), present, report, render, progress)
        progress("projects", number + 1, len(plan.projects))
    after.parts["front"] = {
        "digest": release,
        "files": _write_files(plan.front, before.parts.get("front"), present, report),
    }
    for path in sorted(before.files() - after.files()):
        _remove(report, path)
    if after != before:
        _write_manifest(report.out, after)


def _renderer(assets: AssetSet) -> Callable[[str, PageContext], bytes]:
    """Renders a page; Jinja2 is loaded with the first one, since a build that changes nothing renders none."""
    renderers: list[Callable[[str, PageContext], bytes]] = []

    def render(template: str, page: PageContext) -> bytes:
        if not renderers:
            from sitegen.render import Renderer

            renderers.append(Renderer(templates_dir(), assets).render)
        return renderers[0](template, page)

    return render


def _write_project(
    plan: ProjectPlan,
    before: dict[str, Any] | None,
    present: set[str],
    report: BuildReport,
    render: Callable[[str, PageContext], bytes],
    progress: Progress,
) -> dict[str, Any]:
    if before is not None and before["digest"] == plan.digest and present.issuperset(before["files"]):
        report.unchanged += len(before["files"])
        return before
    total = len(plan.project.runs)

    def counted() -> Iterable[PlannedFile]:
        pages = 0
        for file in plan.files(render):
            if file.path.endswith("/index.html"):
                pages += 1
                progress(plan.project.name, min(pages, total), total)
            yield file

    return {"digest": plan.digest, "files": _write_files(counted(), before, present, report)}


def _write_files(
    files: Iterable[PlannedFile], before: dict[str, Any] | None, present: set[str], report: BuildReport
) -> dict[str, str]:
    """Makes the files whose inputs changed or that are gone; returns the digest of each."""
    known = before["files"] if before else {}
    digests = {}
    for file in files:
        digests[file.path] = file.digest
        if known.get(file.path) == file.digest and file.path in present:
            report.unchanged += 1
        elif _write(report.out / file.path, file.make(), present=file.path in present):
            report.written.append(file.path)
        else:
            report.unchanged += 1
    return digests


def _write(target: Path, content: bytes | Path, *, present: bool) -> bool:
    """Puts bytes, or a copy of a file, at `target`; False when that is what is there already."""
    if isinstance(content, Path):
        if present and filecmp.cmp(content, target, shallow=False):
            return False
    elif present and target.stat().st_size == len(content) and target.read_bytes() == content:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        write_atomically(target, content)
        return True
    beside = target.with_name(f"{target.name}.tmp")
    shutil.copyfile(content, beside)
    beside.replace(target)
    return True


def _present(out: Path) -> set[str]:
    """The files there are below `out`, relative to it."""
    root = os.fspath(out)
    found: set[str] = set()
    for folder, _, files in os.walk(root):
        prefix = os.path.relpath(folder, root).replace(os.sep, "/")
        found.update(name if prefix == "." else f"{prefix}/{name}" for name in files)
    return found


def _remove(report: BuildReport, path: str) -> None:
    target = (report.out / path).resolve()
    # The manifest lies in a folder that anybody may write; it never names a way out of it.
    if not target.is_relative_to(report.out.resolve()) or not target.is_file():
        return
    target.unlink()
    report.removed.append(path)
    for folder in target.parents:
        if folder == report.out.resolve() or any(folder.iterdir()):
            return
        folder.rmdir()


def _read_manifest(out: Path) -> _Manifest:
    try:
        parts = json.loads((out / urls.MANIFEST).read_bytes())["parts"]
        for part in parts.values():
            if not isinstance(part["digest"], str) or not all(isinstance(path, str) for path in part["files"]):
                return _Manifest()
        return _Manifest(parts)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return _Manifest()


def _write_manifest(out: Path, manifest: _Manifest) -> None:
    write_atomically(out / urls.MANIFEST, json.dumps({"parts": manifest.parts}, indent=0).encode())
