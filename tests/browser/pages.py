"""What tests ask of a page: its troubles, its curves, its accessibility."""

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt
from playwright.sync_api import ConsoleMessage, Page, Request

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium-headless-shell") or "chromium"
"""Chromium without a window's surface, which costs a third less; `CHROMIUM` names another."""
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
READY = "html[data-ready=true]"


class Watched:
    """A page and everything that went wrong on it."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.troubles: list[str] = []
        self._origin = _origin(address)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.troubles.append(f"uncaught: {error}"))
        page.on("request", self._see)
        page.on("requestfailed", self._lose)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.troubles.append(f"console {message.type}: {message.text}")

    def _lose(self, request: Request) -> None:
        # A page that is left takes its unfinished requests along.
        if request.failure != "net::ERR_ABORTED":
            self.troubles.append(f"failed: {request.url}: {request.failure}")

    def _see(self, request: Request) -> None:
        if not request.url.startswith(("data:", "blob:")) and _origin(request.url) != self._origin:
            self.troubles.append(f"left the origin: {request.url}")


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


@dataclass(frozen=True)
class Curve:
    """A curve as a chart holds it: values before they become pixels."""

    key: str
    label: str
    colour: str
    xs: npt.NDArray[np.float64]
    ys: npt.NDArray[np.float64]
    lo: npt.NDArray[np.float64] | None
    hi: npt.NDArray[np.float64] | None
    n: list[int] | None


def curves(page: Page, metric: str) -> dict[str, Curve]:
    """The curves that the chart of a metric shows now, by label."""
    show(page, metric)
    found = page.evaluate(
        """key => {
            const panels = runstore.workspace?.panels ?? runstore.panels;
            const panel = panels.panels.find((each) => each.metric.key === key);
            const list = (values) => values && Array.from(values, (value) => Number.isFinite(value) ? value : null);
            return panel.chart.drawn.map(({ curve }) => ({
                key: curve.key, label: curve.label, colour: curve.colour,
                xs: list(curve.xs), ys: list(curve.ys), lo: list(curve.lo), hi: list(curve.hi), n: list(curve.n),
            }));
        }""",
        metric,
    )
    return {each["label"]: Curve(**{key: _array(key, value) for key, value in each.items()}) for each in found}


def _array(key: str, value: Any) -> Any:
    return np.array(value, dtype=float) if key in ("xs", "ys", "lo", "hi") and value is not None else value


def panel(page: Page, metric: str) -> Any:
    return page.locator(".panel", has=page.locator(f"h3[title={_quoted(metric)}]"))


def show(page: Page, metric: str) -> None:
    """Scrolls the chart of a metric into sight and waits until it is drawn as the view says."""
    panel(page, metric).scroll_into_view_if_needed()
    page.wait_for_function(
        """key => {
            const panels = runstore.workspace?.panels ?? runstore.panels;
            const panel = panels.panels.find((each) => each.metric.key === key);
            return panel.visible && !panel.stale && panel.chart && panel.drawing.then(() => true);
        }""",
        arg=metric,
    )


def set_view(page: Page, **part: Any) -> None:
    """Changes the view as a control does, and waits until it is drawn."""
    page.evaluate("async part => { runstore.workspace.state.set(part); await runstore.workspace.drawn; }", part)


def settle(page: Page) -> None:
    """Waits until what was clicked is drawn."""
    page.evaluate("async () => { await runstore.workspace.drawn; }")


def names(page: Page) -> list[str]:
    """The names in the table's rows that are on the screen, from the top."""
    return page.locator(".runs-host .grid-body .name-cell > .text").all_inner_texts()


def row(page: Page, name: str) -> Any:
    """The table's row of a run or of a group."""
    called = page.locator(".name-cell > .text").get_by_text(name, exact=True)
    return page.locator(".runs-host .grid-body .grid-row", has=called)


def headers(page: Page) -> list[str]:
    """The titles of the table's columns, those out of sight too, in order."""
    found: list[str] = page.evaluate(
        "runstore.workspace.table.grid.columns.filter(({ column }) => column).map(({ column }) => column.label)"
    )
    return found


def ink(page: Page, metric: str) -> int:
    """How many pixels of a chart's canvas are not blank."""
    show(page, metric)
    count: int = (
        panel(page, metric)
        .locator("canvas.plot-curves")
        .evaluate(
            """canvas => {
                const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
                let count = 0;
                for (let at = 3; at < data.length; at += 4) count += data[at] > 0;
                return count;
            }"""
        )
    )
    return count


def violations(page: Page, impacts: Iterable[str] = ("serious", "critical")) -> list[str]:
    """What axe-core finds on a page."""
    page.evaluate((files("axe_core_python") / "axe.min.js").read_text())
    # What passes is not asked for: axe would describe every element of it.
    found = page.evaluate("axe.run({ iframes: false, resultTypes: ['violations'] })")["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found if each["impact"] in set(impacts)]


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\a ") + '"'
