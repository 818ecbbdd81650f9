"""What W&B's module does beside runs: set-up, requirements, lines for the terminal. For scripts written for it."""

import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from runstore.errors import UsageError
from runstore.recording import current
from runstore.settings import RunSettings, Settings, for_process, gather, in_force

if TYPE_CHECKING:
    from runstore.recording.run import Run


class Setup:
    """What `setup` returns: the settings that hold for the runs of this process."""

    @property
    def settings(self) -> RunSettings:
        """The settings that a run started now would have."""
        return gather()[0]

    def teardown(self, exit_code: int | None = None) -> None:
        """See `runstore.teardown`."""
        teardown(exit_code)


_said: set[str] = set()


def setup(settings: Settings | Mapping[str, Any] | None = None) -> Setup:
    """Prepares this process: `settings` hold for every run that it starts, weaker than what `init` is given.

    Raises `UsageError` for a value that cannot be used.
    """
    if settings is not None:
        for remark in for_process(settings):
            termwarn(remark, repeat=False)
    return Setup()


def teardown(exit_code: int | None = None) -> None:
    """Finishes the current run, and forgets what `setup` was given."""
    current.finish(exit_code)
    for_process({})


def attach(attach_id: str | None = None, run_id: str | None = None, *, run: "Run | None" = None) -> "Run":
    """The current run, when it has this id. Raises `UsageError` for another process's run."""
    wanted = run.id if run is not None else run_id or attach_id
    found = current.get()
    if found is None or (wanted is not None and wanted != found.id):
        raise UsageError(
            f"attach: this process has no run {wanted!r}; to write the run of another process call "
            f"runstore.init(id={wanted!r}, mode='shared')"
        )
    return found


def require(requirement: str | Iterable[str] | None = None, experiment: str | Iterable[str] | None = None) -> None:
    """Nothing: what W&B's requirements switch on holds here, or has nothing to switch."""


def ensure_configured() -> None:
    """Nothing: there is no configuration to be read beforehand."""


def sagemaker_auth(overrides: Mapping[str, Any] | None = None, path: str = ".", api_key: str | None = None) -> None:
    """Nothing: there is nothing to log in to, and no key is written."""


def join(exit_code: int | None = None) -> None:
    """W&B's older name for `finish`."""
    current.finish(exit_code)


def termsetup(settings: Settings | None = None, logger: Any = None) -> None:
    """`settings` for the lines that `termlog`, `termwarn` and `termerror` print. `logger` gets none of them."""
    if settings is not None:
        setup(settings)


def termlog(string: str = "", newline: bool = True, repeat: bool = True, prefix: bool = True) -> None:
    """Prints a line to stderr as Runstore's own; with `repeat=False` only once."""
    _print(string, newline=newline, repeat=repeat, prefix="runstore: " if prefix else "", shown="show_info")


def termwarn(string: str, newline: bool = True, repeat: bool = True, prefix: bool = True) -> None:
    """Prints a warning to stderr as Runstore's own; with `repeat=False` only once."""
    _print(
        string, newline=newline, repeat=repeat, prefix="runstore: warning: " if prefix else "", shown="show_warnings"
    )


def termerror(string: str, newline: bool = True, repeat: bool = True, prefix: bool = True) -> None:
    """Prints an error to stderr as Runstore's own; with `repeat=False` only once."""
    _print(string, newline=newline, repeat=repeat, prefix="runstore: error: " if prefix else "", shown="show_errors")


def _print(text: str, *, newline: bool, repeat: bool, prefix: str, shown: str) -> None:
    if not repeat and text in _said:
        return
    _said.add(text)
    settings = in_force()
    if settings.silent or not getattr(settings, shown):
        return
    lines = "\n".join(f"{prefix}{line}" for line in str(text).split("\n"))
    try:
        print(lines, file=sys.stderr, end="\n" if newline else "", flush=True)
    except (OSError, ValueError, AttributeError):
        pass  # The stream may be gone.
