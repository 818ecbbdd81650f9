"""`runstore init`: a git repository made ready for runs. What is there stays; a second time changes nothing."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from runstore.errors import StoreError
from runstore.format.layout import LFS_ATTRIBUTES, MERGE_ATTRIBUTES, STORE_DIR, StoreLayout
from runstore.format.records import create_store, write_atomically
from runstore.manage.recipes import GITHUB, GITLAB

Did = Literal["made", "changed", "there", "left"]
Service = Literal["github", "gitlab"]

SITE_DIR: Final = "_site"
_HOOK_HEAD: Final = (
    "#!/bin/sh\n# Runstore: the runs that a commit changes are checked; `git commit --no-verify` leaves it out.\n"
)
_RECIPES: Final = {"github": (".github/workflows/runs.yml", GITHUB), "gitlab": (".gitlab-ci.yml", GITLAB)}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was to be set up: `left` is what a person has to do, and `note` says what."""

    did: Did
    path: str
    note: str = ""


def set_up(folder: Path, *, lfs: bool = False, service: Service | None = None, hook: bool = True) -> Iterator[Step]:
    """Makes a store in `folder`, a git repository of it where it is none, and what git and a service need for runs.

    Raises `StoreError` where nothing can be written, or git is missing.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield _repository(folder)
        store = StoreLayout(folder / STORE_DIR)
        yield _store(store, folder)
        yield _lines(store.gitattributes, MERGE_ATTRIBUTES + (LFS_ATTRIBUTES if lfs else ""), folder)
        yield _lines(folder / ".gitignore", f"/{SITE_DIR}/\n", folder)
        yield _driver(folder)
        if lfs:
            yield _lfs(folder)
        if hook:
            yield _hook(folder, store)
        if service is not None:
            yield _recipe(folder, service)
    except OSError as error:
        raise StoreError(f"{error.filename or folder}: cannot be set up ({error.strerror or error})") from None


def _repository(folder: Path) -> Step:
    if _git(folder, "rev-parse", "--is-inside-work-tree", check=False) == "true":
        return Step("there", ".git")
    _git(folder, "init", "--quiet")
    return Step("made", ".git", "a git repository")


def _store(store: StoreLayout, folder: Path) -> Step:
    before = store.store_yaml.exists()
    create_store(store)
    return Step("there" if before else "made", _shown(store.store_yaml, folder), "" if before else "an empty store")


def _lines(path: Path, text: str, folder: Path) -> Step:
    """Adds those lines that a file of the user's lacks, behind the user's own."""
    held = path.read_bytes() if path.exists() else b""
    known = {line.strip() for line in held.splitlines()}
    missing = [line for line in text.encode().splitlines() if line.strip() not in known]
    if not missing:
        return Step("there", _shown(path, folder))
    gap = b"" if not held or held.endswith(b"\n") else b"\n"
    write_atomically(path, held + gap + b"".join(line + b"\n" for line in missing))
    return Step("changed" if held else "made", _shown(path, folder), f"{len(missing)} lines added")


def _driver(folder: Path) -> Step:
    """Tells git what merges the small files: each clone has to be told."""
    wanted = {
        "merge.runstore.name": "runs and projects of Runstore, by what they mean",
        "merge.runstore.driver": f"{_command()} merge-driver %O %A %B %P",
    }
    known = {key: _git(folder, "config", "--local", "--get", key, check=False) for key in wanted}
    if known == wanted:
        return Step("there", "git config merge.runstore")
    for key, value in wanted.items():
        _git(folder, "config", "--local", key, value)
    return Step(
        "made", "git config merge.runstore", "the merge driver, for this clone; others run `runstore init` once"
    )


def _command() -> str:
    """Runstore as a hook calls it. With -P: nothing in the repository is taken for a module."""
    return f"{shlex.quote(sys.executable)} -P -m runstore"


def _lfs(folder: Path) -> Step:
    if _git(folder, "lfs", "version", check=False).startswith("git-lfs"):
        _git(folder, "lfs", "install", "--local", check=False)
        return Step("made", "git lfs", "its hooks, for this clone")
    return Step("left", "git lfs", "git-lfs is missing; install it before you commit, and run `git lfs install`")


def _hook(folder: Path, store: StoreLayout) -> Step:
    place = Path(_git(folder, "rev-parse", "--git-path", "hooks/pre-commit"))
    path = place if place.is_absolute() else folder / place
    top = Path(_git(folder, "rev-parse", "--show-toplevel"))
    inside = os.path.relpath(store.root.resolve(), top.resolve())
    command = f"{_command()} verify --staged -- {shlex.quote(inside)}"
    text = f"{_HOOK_HEAD}exec {command}\n"
    held = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    if held == text or ("verify --staged" in held and not held.startswith(_HOOK_HEAD)):
        return Step("there", _shown(path, folder))
    if held and not held.startswith(_HOOK_HEAD):
        return Step("left", _shown(path, folder), f"there is a hook of yours; add this line to it: {command}")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, text.encode())
    path.chmod(0o755)
    return Step("changed" if held else "made", _shown(path, folder), "a hook that checks the runs of each commit")


def _recipe(folder: Path, service: Service) -> Step:
    name, text = _RECIPES[service]
    path = folder / name
    if path.exists():
        same = path.read_text(encoding="utf-8", errors="replace") == text
        note = "" if same else "it is yours and stays as it is; the documentation has the recipe"
        return Step("there" if same else "left", name, note)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, text.encode())
    return Step("made", name, "checks, builds and publishes the store")


def _git(folder: Path, *arguments: str, check: bool = True) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise StoreError("git cannot be found; install it") from None
    if done.returncode and check:
        said = done.stderr.strip().splitlines()
        raise StoreError(f"{folder}: git {arguments[0]} failed ({said[0] if said else done.returncode})")
    return done.stdout.strip()


def _shown(path: Path, folder: Path) -> str:
    return os.path.relpath(path, folder)


def left(steps: Sequence[Step]) -> list[Step]:
    """What a person has to do yet."""
    return [step for step in steps if step.did == "left"]
