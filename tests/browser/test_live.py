"""Pages that are open while a script trains: new points come to them, and what a reader looks at stays."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.acting import arrives
from tests.browser.chromium import Open
from tests.browser.pages import READY, curves, panel, show
from tests.processes import start_script, wait_until
from tests.serving import Served, serving
from tests.sites import build, hosted
from tests.stores import append, curve, write_file, write_run, write_store

SECONDS = 3.0

TRAINING = """
import sys
import runstore

settings = runstore.Settings(console="off")
run = runstore.init(project="p", id=sys.argv[1], name=sys.argv[1], config={"lr": 0.1}, settings=settings)
for line in sys.stdin:
    run.log({"loss": float(line), "extra/new": 1.0} if line.startswith("2") else {"loss": float(line)})
    print("logged", flush=True)
run.finish()
"""


@dataclass(frozen=True)
class Training:
    """A script that logs a loss when it is told to."""

    process: subprocess.Popen[str]

    def log(self, loss: float) -> float:
        """Logs; returns when that was done."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{loss}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "logged\n"
        return time.monotonic()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_store(tmp_path_factory.mktemp("live") / "experiments")
    for at in range(30):
        steps = [{**row, "accuracy": at / 30, "other": at} for row in curve(20)]
        write_run(
            root, run_id=f"old{at:02}", history=steps, meta={"name": f"old{at}", "created": "2026-01-01T00:00:00Z"}
        )
    return root


@contextmanager
def started(store: Path, run_id: str) -> Iterator[Training]:
    with start_script(store.parent, TRAINING, run_id, stderr=subprocess.DEVNULL) as process:
        script = Training(process)
        script.log(1.0)
        yield script
        assert process.stdin is not None
        process.stdin.close()
        process.wait(30)


@pytest.fixture(scope="module")
def training(store: Path) -> Iterator[Training]:
    with started(store, "live") as script:
        yield script


@pytest.fixture(scope="module")
def served(store: Path, training: Training) -> Iterator[Served]:
    with serving(store) as found:
        yield found


def soonest(page: Page, training: Training, label: str) -> float:
    """The shortest that a point took to its curve, of a few: other tests may keep the machine busy meanwhile."""
    taken = []
    for loss in (0.25, 0.125, 0.0625, 0.03125, 0.015625):
        done = training.log(loss)
        taken.append(arrives(page, lambda loss=loss: last(page, "loss", label) == loss, done))  # type: ignore[misc]
        if taken[-1] <= SECONDS:
            break
    return min(taken)


def last(page: Page, metric: str, label: str) -> float | None:
    found = curves(page, metric).get(label)
    return None if found is None else float(found.ys[-1])


def test_a_logged_point_is_on_the_open_project_page_within_seconds(
    served: Served, training: Training, open_page: Open
) -> None:
    page = open_page(f"{served.address}/p/index.html", "smooth=0.0&sort=-name")
    show(page, "loss")
    assert soonest(page, training, "live") <= SECONDS
    assert page.evaluate("location.hash").count("sort=-name") == 1


def test_a_logged_point_is_on_the_open_run_page_with_its_summary_and_its_end(
    served: Served, store: Path, open_page: Open
) -> None:
    with started(store, "brief") as training:
        built = store.parent / "served/p/runs/brief/index.html"
        # A page gets a new part, such as that of the first system metrics, by being loaded anew.
        wait_until(lambda: built.is_file() and 'id="system"' in built.read_text(), "the run's page")
        page = open_page(f"{served.address}/p/runs/brief/")
        show(page, "loss")
        assert page.locator("h1 .state").inner_text() == "running"
        assert soonest(page, training, "loss") <= SECONDS
        arrives(
            page,
            lambda: str(last(page, "loss", "loss")) in page.locator("#summary-list").inner_text(),
            time.monotonic(),
        )
    arrives(page, lambda: page.locator("h1 .state").inner_text() == "finished", time.monotonic())


def test_view_scroll_zoom_and_focus_stay_while_data_change(served: Served, training: Training, open_page: Open) -> None:
    page = open_page(f"{served.address}/p/index.html")
    show(page, "other")
    box = panel(page, "other").locator("canvas.plot-curves").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + 42, steps=4)
    page.mouse.up()
    page.mouse.move(5, 5)
    search = page.locator("[data-view=search]")
    search.fill("old|live")
    search.focus()
    page.locator(".charts-pane").evaluate("pane => (pane.scrollTop = 60)")
    looked = """() => {
        const pane = document.querySelector(".charts-pane");
        const { chart } = runstore.workspace.panels.panels.find(({ metric }) => metric.key === "other");
        const focus = document.activeElement.dataset.view;
        return [pane.scrollTop, scrollY, location.hash, focus, JSON.stringify(chart.zoom)];
    }"""
    page.wait_for_timeout(300)
    before = page.evaluate(looked)
    page.evaluate("window.kept = document.querySelector('.panel')")
    done = training.log(0.5)
    arrives(page, lambda: last(page, "loss", "live") == 0.5, done)
    assert page.evaluate(looked) == before
    assert page.evaluate("window.kept.isConnected")
    assert panel(page, "other").get_by_role("button", name="Reset zoom").is_visible()


def test_a_new_metric_and_a_new_run_come_to_an_open_page(
    served: Served, training: Training, store: Path, open_page: Open
) -> None:
    page = open_page(f"{served.address}/p/index.html")
    page.evaluate("window.kept = true")
    done = training.log(2.5)
    arrives(page, lambda: panel(page, "extra/new").count() == 1, done)
    write_run(store, run_id="newest", history=curve(4), meta={"name": "newest"})
    arrives(page, lambda: len(page.evaluate("runstore.workspace.runs.all")) == len(list(store.glob("p/runs/*"))), done)
    show(page, "loss")
    arrives(page, lambda: "newest" in curves(page, "loss"), time.monotonic())
    assert page.evaluate("window.kept")


def test_a_run_that_begins_to_log_gets_its_charts(served: Served, store: Path, open_page: Open) -> None:
    mute = write_run(store, run_id="mute", history=(), meta={"name": "mute", "group": "quiet"})
    wait_until(lambda: (store.parent / "served/p/groups/quiet/index.html").is_file(), "the run's pages")
    page = open_page(f"{served.address}/p/runs/mute/")
    group = open_page(f"{served.address}/p/groups/quiet/", "group=")
    assert page.locator("#charts").count() == 0
    append(mute, curve(5))
    arrives(page, lambda: page.locator("#charts").count() == 1, time.monotonic())
    page.wait_for_selector(READY)
    arrives(page, lambda: last(page, "loss", "loss") == 0.2, time.monotonic())
    arrives(group, lambda: panel(group, "loss").count() == 1, time.monotonic())
    append(mute, curve(1, 5))
    arrives(group, lambda: last(group, "loss", "mute") == 1 / 6, time.monotonic())


def test_the_front_page_follows_too(served: Served, store: Path, open_page: Open) -> None:
    page = open_page(f"{served.address}/")
    assert page.locator(".card").count() == 1
    assert page.get_by_role("status").filter(has_text="Live").is_visible()
    write_run(store, project="second", history=curve(3))
    arrives(page, lambda: page.locator(".card").count() == 2, time.monotonic())


def test_a_build_that_fails_is_told_and_the_old_site_stays(tmp_path: Path, chromium: Browser) -> None:
    store = write_store(tmp_path / "experiments")
    write_run(store, history=curve(3))
    with serving(store) as served:
        page = chromium.new_page()
        page.goto(served.address)
        arrives(page, lambda: page.locator(".live[data-state=live]").count() == 1, time.monotonic())
        text = (store / "store.yaml").read_text()
        (store / "store.yaml").write_text("format: 99\n")
        arrives(page, lambda: page.locator(".live[data-state=stale]").count() == 1, time.monotonic())
        assert page.locator(".card").count() == 1
        (store / "store.yaml").write_text(text)
        arrives(page, lambda: page.locator(".live[data-state=live]").count() == 1, time.monotonic())
        code, out, err = served.stop()
        assert code == 0
        assert "the site stays as it was" in err
        assert err.count("\n") == 1
        assert "up to date again" in out
        arrives(page, lambda: page.locator(".live[data-state=lost]").inner_text() == "Not live", time.monotonic())
        page.close()


def test_a_report_that_was_deleted_while_it_is_open_is_told_to_be_gone(tmp_path: Path, chromium: Browser) -> None:
    store = write_store(tmp_path / "experiments")
    write_run(store, history=curve(3))
    report = write_file(store / "p/reports/short.md", "---\ntitle: Short\n---\n\nWhat was found.\n")
    with serving(store) as served:
        page = chromium.new_page()
        page.goto(f"{served.address}/p/reports/short/")
        arrives(page, lambda: page.locator(".live[data-state=live]").count() == 1, time.monotonic())
        text = report.read_text()
        report.unlink()
        arrives(page, lambda: page.locator(".live[data-state=gone]").count() == 1, time.monotonic())
        assert page.get_by_role("status").filter(has_text="Gone").is_visible()
        assert page.get_by_text("What was found.").is_visible()
        report.write_text(text)
        arrives(page, lambda: page.locator(".live[data-state=live]").count() == 1, time.monotonic())
        page.close()


def test_pages_from_disk_and_from_a_static_host_ask_for_nothing(tmp_path: Path, open_page: Open) -> None:
    store = write_store(tmp_path / "experiments")
    write_run(store, history=curve(3))
    site = build(store, tmp_path / "site")
    with hosted(site) as address:
        for target in (site / "p" / "index.html", f"{address}/p/index.html"):
            page = open_page(target)
            asked: list[str] = []
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            page.wait_for_timeout(1500)
            assert [url for url in asked if "_live" in url] == []
            assert page.locator(".live").count() == 0
            page.close()
