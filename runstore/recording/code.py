"""The code of a run: its main script or notebook kept under `code/`, and source files as an artifact."""

import inspect
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from runstore.errors import BadTypeError
from runstore.format.copying import copy_file
from runstore.recording.parts import Part
from runstore.recording.provenance import main_program

if TYPE_CHECKING:
    from runstore.artifacts.artifact import Artifact

MOST_BYTES: Final = 10 << 20
"""A larger file is no source code."""
_LONGEST_NAME: Final = 128
_SKIPPED: Final = frozenset({".git", ".hg", ".svn", "__pycache__", "node_modules", "site-packages", ".tox", ".nox"})
_WANDB: Final = ("wandb", ".wandb")
_SESSION: Final = "session.py"


class Code(Part):
    """Keeps what was run."""

    def begin(self) -> None:
        """Keeps the main script, where the settings ask for it; of a notebook that is done at the end."""
        if self._wanted() and not _in_notebook():
            self._keep_script()

    def end(self) -> None:
        if self._wanted() and _in_notebook():
            self._keep_notebook()

    def collect(
        self,
        root: str | os.PathLike[str] | None = ".",
        name: str | None = None,
        include_fn: Callable[..., bool] | None = None,
        exclude_fn: Callable[..., bool] | None = None,
    ) -> "Artifact | None":
        """An artifact of type `code` with the source files below `root`; None when there are none, or code is not to be
        kept.

        Without `include_fn` these are Python files, `Dockerfile`s and requirements; `exclude_fn` is asked next. Both
        take a path, and `root` too if they have two parameters. The store, version control, virtual environments and
        caches are never part of it. Raises `TypeError` for something else than a function.
        """
        for given, function in (("include_fn", include_fn), ("exclude_fn", exclude_fn)):
            if function is not None and not callable(function):
                raise BadTypeError(f"log_code: {given} is {function!r}, expected a function of a path")
        if root is not None and not isinstance(root, str | os.PathLike):
            raise BadTypeError(f"log_code: root is {root!r}, expected the path of a directory")
        if self.desk.settings.disable_code or root is None:
            return None
        top = Path(os.path.abspath(root))
        includes = _of_two(include_fn) if include_fn is not None else _is_source
        excludes = _of_two(exclude_fn) if exclude_fn is not None else _is_of_wandb
        paths = [
            path for path in self._walk(top) if includes(str(path), str(top)) and not excludes(str(path), str(top))
        ]
        if not paths:
            return None
        from runstore.artifacts.artifact import Artifact

        artifact = Artifact(_safe(name) if name else self._name(), "code")
        for path in paths:
            artifact.add_file(str(path), name=path.relative_to(top).as_posix())
        return artifact

    def _wanted(self) -> bool:
        settings = self.desk.settings
        return self.desk.on_disk and settings.save_code and not settings.disable_code

    def _name(self) -> str:
        program = self.desk.settings.program or main_program() or self._notebook_name()
        parts = ("source", self.desk.project.name, relative_name(program) if program else "")
        return _safe("-".join(filter(None, parts)))

    def _walk(self, top: Path) -> Iterator[Path]:
        """The files below `top` that may be source code, by path."""
        store = os.path.realpath(self.desk.store.root)
        for folder, folders, files in os.walk(top):
            folders[:] = sorted(
                name
                for name in folders
                if name not in _SKIPPED
                and os.path.realpath(os.path.join(folder, name)) != store
                and not os.path.exists(os.path.join(folder, name, "pyvenv.cfg"))
            )
            for name in sorted(files):
                path = Path(folder, name)
                try:
                    if path.is_file() and not path.is_symlink() and path.stat().st_size <= MOST_BYTES:
                        yield path
                except OSError:
                    continue  # Gone meanwhile.

    def _keep_script(self) -> None:
        program = self.desk.settings.program or main_program()
        if program.startswith("-m "):
            program = getattr(sys.modules.get("__main__"), "__file__", None) or ""
        if program:
            self._keep(Path(program), relative_name(program))

    def _keep_notebook(self) -> None:
        if name := self._notebook_name():
            self._keep(Path(name), relative_name(name))
        cells = _cells()
        if cells:
            text = "\n\n".join(f"# %% [{number}]\n{cell}" for number, cell in cells) + "\n"
            self.desk.saver.save(self.desk.run.code_dir / _SESSION, text.encode("utf-8", "backslashreplace"))

    def _notebook_name(self) -> str:
        """The notebook's file, as far as its server or editor says."""
        main = vars(sys.modules["__main__"]) if "__main__" in sys.modules else {}
        said = (self.desk.settings.notebook_name, main.get("__vsc_ipynb_file__"), os.environ.get("JPY_SESSION_NAME"))
        return next((str(name) for name in said if name), "") if _in_notebook() else ""

    def _keep(self, source: Path, name: str) -> None:
        target = self.desk.run.code_dir / name
        try:
            size = source.stat().st_size
            if size > MOST_BYTES:
                self.desk.trouble.warn_once(
                    "code", f"{source}: {size} bytes, not kept as code; {MOST_BYTES} at most are"
                )
                return
            target.parent.mkdir(parents=True, exist_ok=True)
            copy_file(source, target)
        except OSError as error:
            self.desk.trouble.warn_once("code", f"{source}: not kept as code ({error.strerror or error})")


def relative_name(program: str) -> str:
    """Where a script lies below the working directory; its mere name when it lies elsewhere."""
    if program.startswith("-m "):
        return program[3:].replace(".", "/") + ".py"
    try:
        return Path(os.path.abspath(program)).relative_to(Path.cwd()).as_posix()
    except (ValueError, OSError):
        return PurePosixPath(Path(program).name).as_posix()


def _safe(name: str) -> str:
    """`name` as an artifact may be called, as W&B makes it."""
    safe = re.sub(r"[^a-zA-Z0-9_\-.]", "_", name).strip(".") or "source"
    half = _LONGEST_NAME // 2 - 1
    return safe if len(safe) <= _LONGEST_NAME else f"{safe[:half]}..{safe[-half:]}"


def _is_source(path: str, root: str) -> bool:
    name = os.path.basename(path)
    return name.endswith(".py") or name.startswith(("Dockerfile", "requirements"))


def _is_of_wandb(path: str, root: str) -> bool:
    return os.path.relpath(path, root).split(os.sep)[0] in _WANDB


def _of_two(function: Callable[..., bool]) -> Callable[[str, str], bool]:
    """A function of a path, or of a path and the root, as one of both."""
    try:
        two = len(inspect.signature(function).parameters) == 2
    except (TypeError, ValueError):  # Written in C.
        two = False
    return function if two else lambda path, root: function(path)


def _in_notebook() -> bool:
    return _shell() is not None


def _shell() -> Any:
    """IPython's shell of a notebook, None elsewhere."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell if shell is not None and type(shell).__name__ != "TerminalInteractiveShell" else None


def _cells() -> list[tuple[int, str]]:
    """The cells that were run, with their numbers."""
    history = getattr(_shell(), "user_ns", {}).get("In", [])
    return [(number, str(cell)) for number, cell in enumerate(history) if number and str(cell).strip()]
