"""Has TensorBoard's writers tell the current run where they write: `tensorboard.patch`, and `sync_tensorboard`.

The writer of event files that torch.utils.tensorboard and TensorBoard itself share, and tensorboardX's, are told of by
their constructors. A library that is not imported yet is met when it is: nothing is imported for this.
"""

import importlib.util
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Final

from runstore.errors import BadValueError
from runstore.recording import current, terminal

_MODULES: Final = ("tensorboard.summary.writer.event_file_writer", "tensorboardX.event_file_writer")
_CLASS: Final = "EventFileWriter"


class _Patched:
    """What is patched: the classes with their own constructors."""

    def __init__(self) -> None:
        self.active = False
        self.root = ""
        self.save = False
        self.told: set[str] = set()
        self.constructors: dict[type[Any], Any] = {}

    def patch(self, module: ModuleType) -> None:
        found = getattr(module, _CLASS, None)
        if isinstance(found, type) and found not in self.constructors:
            self.constructors[found] = found.__init__  # type: ignore[misc]
            found.__init__ = _telling(found.__init__)  # type: ignore[misc]

    def undo(self) -> None:
        for kind, constructor in self.constructors.items():
            kind.__init__ = constructor
        self.constructors.clear()


_patched = _Patched()


def patch(
    save: bool | None = None, tensorboard_x: bool | None = None, pytorch: bool | None = None, root_logdir: str = ""
) -> None:
    """Mirrors what writers of TensorBoard's, made from now on, write into the run that is current then.

    Keys begin with a directory's place below `root_logdir`; without one, below that of the first writer. With `save`
    the run keeps the event files too. `tensorboard_x` or `pytorch` False leaves that library's writers alone. Raises
    `ValueError` when it was called before.
    """
    if _patched.active:
        raise BadValueError(
            "Tensorboard already patched. Call `runstore.tensorboard.unpatch()` first; remove `sync_tensorboard=True` "
            "from `runstore.init`; or only call `runstore.tensorboard.patch` once."
        )
    _patched.active, _patched.root, _patched.save = True, root_logdir, bool(save)
    wanted = dict(zip(_MODULES, (pytorch, tensorboard_x), strict=True))
    names = [name for name, wish in wanted.items() if wish is not False]
    for name in names:
        if name in sys.modules:
            _patched.patch(sys.modules[name])
    _finder.names = frozenset(name for name in names if name not in sys.modules)
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)


def unpatch() -> None:
    """Takes back `patch`. Writers that are followed already stay so until their run ends."""
    _patched.active = False
    _patched.undo()
    _finder.names = frozenset()
    if _finder in sys.meta_path:
        sys.meta_path.remove(_finder)


def ensure() -> None:
    """Patches, unless that was done before."""
    if not _patched.active:
        patch()


def _telling(constructor: Callable[..., None]) -> Callable[..., None]:
    """The constructor of a writer, which tells the current run of it first."""

    @wraps(constructor)
    def told(self: Any, logdir: Any, *arguments: Any, **named: Any) -> None:
        _tell(self, logdir)
        constructor(self, logdir, *arguments, **named)

    return told


def _tell(writer: Any, logdir: Any) -> None:
    try:
        run = current.get()
        if run is not None and "://" not in str(logdir):
            run._tensorboard_callback(str(logdir), save=_patched.save, root_logdir=_patched.root, writer=writer)
    except Exception as error:  # The writer is the training's own: it is made in any case.
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        if reason not in _patched.told:
            _patched.told.add(reason)
            terminal.warn(f"{logdir}: what is written there is not mirrored ({reason})")


class _Finder(MetaPathFinder):
    """Patches a module right after it was imported."""

    names: frozenset[str] = frozenset()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self.names:
            return None
        self.names = self.names - {fullname}  # The search below comes here too.
        spec = importlib.util.find_spec(fullname)
        execute = getattr(spec.loader, "exec_module", None) if spec is not None else None
        if spec is None or execute is None:
            return spec

        def execute_and_patch(module: ModuleType) -> None:
            execute(module)
            _patched.patch(module)

        spec.loader.__dict__["exec_module"] = execute_and_patch
        return spec


_finder = _Finder()
