"""The page of a sweep in a real browser while trials run, and where they were tried again."""

import re
from pathlib import Path

import pytest

from runstore.format.sweep_records import Beat, Claim, Outcome, dump
from tests.browser.chromium import Open
from tests.browser.sweep_pages import GRID, ID, address, drawn, layout, picture, table
from tests.sites import build
from tests.stores import curve, write_file, write_run, write_store
from tests.sweep_stores import moment, write_record, write_sweep


def test_while_the_first_trial_runs_no_trial_has_ended_with_a_value(tmp_path: Path, open_page: Open) -> None:
    root = write_store(tmp_path / "experiments")
    write_sweep(root, count=0, text=GRID)
    write_run(root, "tune", "r", curve(2), {"a": 1}, {"sweep": ID, "created": moment(0)}, {"state": "running"})
    write_record(layout(root).claim(0), Claim(0, "r", "me", {"a": 1}, time=moment(0)))
    beat = Beat("me", 3, "training", trial=0, attempt=1, run="r", count=2, best=0.25)
    write_file(layout(root).agent("me"), dump(beat))
    page = open_page(address(build(root, tmp_path / "site")))
    assert "No trial has ended with a value yet." in page.locator(".sweep-head").inner_text()
    assert page.locator(".grid-body [data-column='sweep.value']").first.inner_text() == "0.25"


def test_the_wait_between_two_attempts_belongs_to_neither(tmp_path: Path, open_page: Open) -> None:
    root = write_store(tmp_path / "experiments")
    write_sweep(root, count=0, text=GRID)
    meta = {"sweep": ID, "created": moment(0), "name": "again"}
    second = {"started": moment(3000), "tracked": 60.0}
    files = {"provenance.json": {"started": moment(0)}, "provenance.2.json": second}
    write_run(root, "tune", "r", curve(2), {"a": 1}, meta, {"state": "finished", "finished": moment(3060)}, files)
    for attempt, began in ((1, 0), (2, 3000)):
        write_record(layout(root).claim(0, attempt), Claim(0, "r", "me", {"a": 1}, attempt, time=moment(began)))
    done = Outcome(0, "r", "me", "finished", 2, value=0.5, time=moment(3060))
    write_record(layout(root).done(0), done)
    page = open_page(address(build(root, tmp_path / "site")))
    assert table(page, "trials")["Runtime (s)"] == [60, 60]
    timeline = drawn(page, "timeline")
    assert timeline.locator(".kind-key").all_inner_texts() == ["given up", "finished"]
    bars = re.findall(r"mark-rect role-mark.*?</g>", picture(page, "timeline"), re.DOTALL)[0]
    first, second = re.findall(r'd="M[\d.]+,[\d.]+h([\d.]+)v', bars)
    assert float(first) == pytest.approx(float(second), abs=1)
