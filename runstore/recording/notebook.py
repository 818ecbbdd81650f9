"""A run as a notebook shows it while it is recorded: a chart for each number, its summary and its config."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

from runstore import inline
from runstore.reading.rows import decode_line
from runstore.reading.stitching import step_of, whole_lines


class Shown(Protocol):
    """A run, as far as it is shown. `config` and `summary` are asked for `as_dict()`."""

    @property
    def name(self) -> str: ...

    @property
    def path(self) -> str: ...

    @property
    def url(self) -> str | None: ...

    @property
    def config(self) -> Any: ...

    @property
    def summary(self) -> Any: ...


def to_html(run: Shown, histories: Iterable[Path], height: int = 420, hidden: bool = False) -> str:
    """The run as HTML, at most `height` pixels high, scrolled where it needs more; `hidden` shows a line to open."""
    title = f"Run <b>{inline.escaped(run.name)}</b> ({inline.escaped(run.path)})"
    if run.url and run.url.startswith(("https://", "http://")):
        title += f' <a href="{inline.escaped(run.url)}" rel="noopener">{inline.escaped(run.url)}</a>'
    charts = {key: {run.name: points} for key, points in inline.series(_rows(histories)).items()}
    tables = {"Summary": run.summary.as_dict(), "Config": run.config.as_dict()}
    return inline.document(title, charts, tables, height, hidden)


def display(content: str) -> bool:
    """Shows HTML below the cell that runs; False where there is no notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None or type(shell).__name__ == "TerminalInteractiveShell":
        return False
    from IPython.display import HTML
    from IPython.display import display as show

    show(HTML(content))
    return True


def _rows(histories: Iterable[Path]) -> Iterator[tuple[float, dict[str, Any]]]:
    """Each row with its step."""
    for path in histories:
        try:
            for at, line in enumerate(whole_lines(path)):
                for row in decode_line(line)[0]:
                    yield step_of(row, at), row
        except OSError:
            continue
