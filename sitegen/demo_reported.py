"""The reports that the demo's projects come with, as somebody would write them; one is pinned to a commit."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from runstore.format.layout import STORE_DIR, StoreLayout

PINNED: Final = "first-look"
"""The tag that the pinned report reads, and the report's name."""

_FOLDER: Final = Path(__file__).parent / "demo_reports"
_AUTHOR: Final = ("-c", "user.name=Runstore demo", "-c", "user.email=demo@localhost", "-c", "commit.gpgsign=false")
_OURS: Final = "runstore.demo"
_SWEEP: Final = "SWEEP"


def write_reports(directory: Path, layout: StoreLayout) -> None:
    """Writes the reports into the demo's store, which it commits: the pinned one is left out where there is no git, or
    where the directory is a repository of somebody else's."""
    sweep = next((name for each in layout.projects() for name in each.sweep_ids()), "")
    for source in sorted(_FOLDER.rglob("*.*")):
        if source.stem == PINNED:
            continue
        target = layout.project(source.parent.name).reports_dir / source.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(source.read_text(encoding="utf-8").replace(_SWEEP, sweep), encoding="utf-8")
    if _commit(directory):
        source = next(_FOLDER.rglob(f"{PINNED}.md"))
        shutil.copyfile(source, layout.project(source.parent.name).report(PINNED))


def _commit(directory: Path) -> bool:
    """Commits the store to a repository of the demo's own, with a tag. Whether that was done."""
    is_new = not (directory / ".git").exists()
    if not is_new and run_git(directory, ("config", "--get", _OURS)) is False:
        return False
    return run_git(
        directory,
        *((("init", "--quiet"), ("config", _OURS, "true")) if is_new else ()),
        ("add", STORE_DIR),
        (*_AUTHOR, "commit", "--quiet", "--allow-empty", "--no-verify", "-m", "Runs of the demo"),
        (*_AUTHOR, "tag", "--force", PINNED),
    )


def run_git(folder: Path, *commands: Sequence[str]) -> bool:
    """Whether there is a git, and each of some commands went well."""
    if (git := shutil.which("git")) is None:
        return False
    # A variable such as GIT_DIR would lead to a repository of the user's.
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return all(
        not subprocess.run([git, *command], cwd=folder, env=own, capture_output=True, check=False).returncode
        for command in commands
    )


def commit_as_demo(*files: str, message: str) -> tuple[Sequence[str], ...]:
    """The commands that make a repository of a directory, with some of its files in its first commit."""
    commit = (*_AUTHOR, "commit", "--quiet", "--allow-empty", "--no-verify", "-m", message)
    return ("init", "--quiet"), ("add", *files), commit
