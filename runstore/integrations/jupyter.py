"""`%load_ext runstore`: `%runstore` shows a page of the site in a notebook, `%%runstore` makes a cell a run."""

import os
import shlex
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from IPython.core.error import UsageError as MagicUsageError
from IPython.core.magic_arguments import MagicArgumentParser
from IPython.display import IFrame, display

from runstore.errors import RunstoreError
from runstore.format import yaml12
from runstore.recording import current
from runstore.recording.start import init
from runstore.settings import from_environment

PAGES: Final = "runstore.pages"
"""The entry point by which the package that builds sites says where a page lies."""
_NAME: Final = "runstore"


def load_ipython_extension(shell: Any) -> None:
    """What `%load_ext runstore` calls."""
    magics = _Magics(shell)
    shell.register_magic_function(magics.show, "line", _NAME)
    shell.register_magic_function(magics.record, "cell", _NAME)


def unload_ipython_extension(shell: Any) -> None:
    """What `%unload_ext runstore` calls."""
    for magics in shell.magics_manager.magics.values():
        magics.pop(_NAME, None)


class CellFailedError(RunstoreError):
    """The cell of a run failed. Its traceback has been shown: this one is a line."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class _Magics:
    """`%runstore` and `%%runstore` in one shell."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell

    def show(self, line: str) -> None:
        """%runstore [PROJECT | PROJECT/RUN] [--site DIR] [--height PIXELS]

        Shows a page of the site that `runstore build` made (in _site, unless --site says where): of a project, of a
        run, without either of the current run or of all projects. Says how to make it where there is none.
        """
        asked = _parsed(_page_options(), line)
        page = Path(asked.site, page_of(asked.path))
        if page.is_file():
            display(IFrame(_address(page), width="100%", height=asked.height))
            return
        run = current.get()
        store = run.settings.store_root() if run is not None else from_environment().store_root()
        where = shlex.join([os.path.relpath(store), "-o", asked.site])
        print(
            f"runstore: there is no {page}; make it with !runstore build {where}, or name the site's directory: --site"
        )

    def record(self, line: str, cell: str) -> None:
        """%%runstore [--project P] [--name N] [--group G] [--job-type J] [--tags A,B] [--notes TEXT] [--dir STORE]
                   [--config KEY=VALUE]...

        Carries the cell out as a run, which ends with it and shows itself below: failed where the cell does.
        """
        asked = vars(_parsed(_run_options(), line))
        config = dict(_setting(text) for text in asked.pop("config"))
        run = init(config=config, reinit="finish_previous", **asked)
        result = self._shell.run_cell(cell, store_history=False)
        error = result.error_before_exec or result.error_in_exec
        if not run.over:
            run.__exit__(type(error) if error else None, error, getattr(error, "__traceback__", None))
        run.display()
        if error is not None:
            raise CellFailedError(f"run {run.name} ended with the cell's {type(error).__name__}")


def _page_options() -> Any:
    parser = MagicArgumentParser(f"%{_NAME}")
    parser.add_argument("path", nargs="?", default="")
    parser.add_argument("--site", default="_site")
    parser.add_argument("--height", type=int, default=720)
    return parser


def _run_options() -> Any:
    parser = MagicArgumentParser(f"%%{_NAME}")
    for name in ("--project", "--name", "--group", "--job-type", "--tags", "--notes", "--dir"):
        parser.add_argument(name)
    parser.add_argument("--config", "-c", action="append", default=[])
    return parser


def _parsed(parser: Any, line: str) -> Any:
    try:
        return parser.parse_args(shlex.split(line))
    except ValueError as error:
        raise MagicUsageError(f"{parser.prog} {line}: {error}") from None


def page_of(path: str) -> str:
    """Where the page of `project`, `project/run` or, with "", the current run lies in a site.

    Raises `RunstoreError` where no installed package builds sites.
    """
    points = list(entry_points(group=PAGES, name="page"))
    if not points:
        raise RunstoreError(
            "no installed package says where pages lie; install runstore anew (pip install -U runstore)"
        )
    run = current.get()
    parts = [part for part in path.split("/") if part][-3:]
    if not parts and run is not None:
        parts = [run.project, run.id]
    return str(points[0].load()(*(parts[-2:] if len(parts) > 1 else parts)))


def _address(page: Path) -> str:
    """The page as the notebook's own page names it: relative to the working directory, which is the notebook's."""
    try:
        return quote(Path(os.path.relpath(page)).as_posix())
    except ValueError:  # On another drive.
        return page.resolve().as_uri()


def _setting(text: str) -> tuple[str, Any]:
    key, sign, value = text.partition("=")
    if not sign or not key:
        raise MagicUsageError(f"--config {text}: expected KEY=VALUE, as in --config lr=0.1")
    return key, yaml12.load(value)
