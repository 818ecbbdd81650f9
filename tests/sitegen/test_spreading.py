"""A build by workers: the site is the same, byte for byte, whoever compiled it, and whatever became of the workers."""

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from distributed import LocalCluster

from runstore.errors import StoreError, UsageError
from sitegen import build, compiling, histories
from sitegen.build import BuildReport, build_site
from sitegen.compiling import Task, compile_parts
from sitegen.executors import Workers, workers
from sitegen.extras import PublicSite
from tests.browser.stores import write_lab
from tests.browser.wicked_store import write_wicked
from tests.cli.terminal import Terminal
from tests.stores import append, curve, write_file, write_run
from tests.sweep_stores import write_sweep


def contents(site: Path) -> dict[str, bytes]:
    return {path.relative_to(site).as_posix(): path.read_bytes() for path in site.rglob("*") if path.is_file()}


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """Projects in groups, with a sweep, and one with all that goes wrong."""
    root = write_lab(tmp_path / "experiments")
    write_sweep(root, count=12)
    write_wicked(root)
    return root


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workers]:
    """A worker in this process: it reads the store again, as any other does. A project has several chunks."""
    monkeypatch.setattr(histories, "CHUNK", 10)
    with ThreadPoolExecutor(1) as executor:
        yield Workers(executor, 1, "a thread")


def equal(store: Path, folder: Path, given: Workers, **how: Any) -> BuildReport:
    """Builds the site here and by workers, and compares the two."""
    plain = build_site(store, folder / "plain", **how)
    spread = build_site(store, folder / "spread", workers=given, **how)
    assert contents(spread.out) == contents(plain.out)
    assert spread.problems == plain.problems
    return spread


def test_a_dask_cluster_of_two_processes_makes_the_same_site(lab: Path, tmp_path: Path) -> None:
    for number in range(histories.CHUNK + 5):
        write_run(lab, "many", f"run{number:04}", curve(3), meta={"group": f"g{number % 3}"})
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        address = cluster.scheduler_address.removeprefix("tcp://")
        with workers(f"dask://{address}") as given:
            assert given.count == 2
            assert equal(lab, tmp_path, given).remarks == ()
            append(lab / "lab" / "runs" / sorted(os.listdir(lab / "lab" / "runs"))[3], [{"_step": 99, "loss": 0.5}])
            again = equal(lab, tmp_path, given)
    assert again.remarks == ()
    assert again.unchanged > len(again.written) > 0


def test_two_processes_make_the_same_site(lab: Path, tmp_path: Path) -> None:
    with workers("local:2") as given:
        assert equal(lab, tmp_path, given).remarks == ()


def test_what_changed_is_made_again_and_nothing_else(lab: Path, tmp_path: Path, here: Workers) -> None:
    equal(lab, tmp_path, here)
    write_run(lab, "lab", "late", curve(5), meta={"name": "late", "group": "new"})
    report = equal(lab, tmp_path, here)
    assert report.remarks == ()
    assert any("runs/late/" in path for path in report.written)
    written = build_site(lab, tmp_path / "spread", workers=here).written
    assert written == ()


def test_rows_that_are_read_by_turns_make_the_same_site(
    lab: Path, tmp_path: Path, here: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = build_site(lab, tmp_path / "together")
    monkeypatch.setattr(build, "_MOST_BYTES", 1)
    assert contents(build_site(lab, tmp_path / "by turns").out) == contents(together.out)


def test_a_public_site_is_the_same_and_holds_no_more(lab: Path, tmp_path: Path, here: Workers) -> None:
    write_file(lab / "lab" / "project.yaml", "visibility: public\n")
    report = equal(lab, tmp_path, here, public=PublicSite(url="https://example.org/"))
    assert report.remarks == ()
    assert not (report.out / "wicked").exists()


class _Elsewhere(Executor):
    """Carries tasks out at once, after changing something, as if meanwhile."""

    def __init__(self, change: Any) -> None:
        self._change = change

    def submit(self, function: Any, /, *given: Any, **named: Any) -> Any:
        done: Future[Any] = Future()
        done.set_result(self._change(*given) or function(*given, **named))
        return done


def test_workers_that_see_another_state_of_the_store_are_not_believed(lab: Path, tmp_path: Path) -> None:
    plain = build_site(lab, tmp_path / "plain")
    run = lab / "lab" / "runs" / sorted(os.listdir(lab / "lab" / "runs"))[0]
    before = (run / "history.jsonl").read_bytes()

    def change(task: Task) -> None:
        compiling._kept.clear()
        append(run, [{"_step": 99, "loss": 0.5}])

    report = build_site(lab, tmp_path / "spread", workers=Workers(_Elsewhere(change), 1, "elsewhere"))
    assert report.remarks == ("elsewhere: parts are compiled here: it sees another state of the store",)
    (run / "history.jsonl").write_bytes(before)
    assert set(contents(report.out)) == set(contents(plain.out))


def test_workers_with_another_version_are_not_believed(lab: Path, tmp_path: Path) -> None:
    def older(task: Task) -> Any:
        return compile_parts(replace(task, site=replace(task.site, release="older")))

    report = equal(lab, tmp_path, Workers(_Elsewhere(older), 1, "old"))
    assert report.remarks == (
        "old: parts are compiled here: it has another version of Runstore; install the same one there",
    )


def test_workers_that_cannot_read_the_store_are_told_of_once(lab: Path, tmp_path: Path) -> None:
    def blind(task: Task) -> Any:
        return compile_parts(replace(task, site=replace(task.site, root=tmp_path / "not mounted")))

    (remark,) = equal(lab, tmp_path, Workers(_Elsewhere(blind), 1, "blind")).remarks
    assert remark.startswith("blind: parts are compiled here: ")
    assert "not mounted" in remark


def test_a_worker_that_is_killed_costs_a_line_and_no_file(lab: Path, tmp_path: Path) -> None:
    with workers("local:1") as given:
        assert isinstance(given.executor, ProcessPoolExecutor)
        assert given.executor.submit(os.getpid).result()
        (process,) = given.executor._processes.values()
        threading.Timer(0.3, os.kill, (process.pid, signal.SIGKILL)).start()
        (remark,) = equal(lab, tmp_path, given).remarks
    assert remark.startswith("local:1: parts are compiled here: a worker was lost")


@contextmanager
def _scheduler_without_workers() -> Iterator[str]:
    with LocalCluster(n_workers=0, dashboard_address=None) as cluster:
        yield cluster.scheduler_address.removeprefix("tcp://")


def test_wrong_executors_are_named() -> None:
    for text in ("dask://host", "local:", "local:0", "ray://host:1", ""):
        with pytest.raises(UsageError, match="found the executor"), workers(text):
            pass
    with pytest.raises(StoreError, match="no Dask scheduler answers"), workers("dask://127.0.0.1:9"):
        pass
    with (
        _scheduler_without_workers() as address,
        pytest.raises(StoreError, match="the scheduler has no worker"),
        workers(f"dask://{address}"),
    ):
        pass


def test_build_takes_jobs_and_executor_and_not_both(lab: Path, tmp_path: Path, capsys: Any) -> None:
    terminal = Terminal(capsys)
    assert terminal("build", lab, "-o", tmp_path / "plain").code == 0
    assert terminal("build", lab, "-o", tmp_path / "jobs", "--jobs", "2").code == 0
    assert contents(tmp_path / "jobs") == contents(tmp_path / "plain")
    assert "pass one" in terminal.fails("build", lab, "--jobs", "2", "--executor", "local:2")
    assert "found the executor 'slurm'" in terminal.fails("build", lab, "-o", tmp_path / "no", "--executor", "slurm")
