"""The second process: what it writes is what this one would have written, and what goes wrong there is told here."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import jinja2
import pytest

from runstore.errors import StoreError
from sitegen import writer
from sitegen.assets import load_assets
from sitegen.build import build_site
from sitegen.pages.context import PageContext
from sitegen.planned import Unrendered
from sitegen.writer import Writer, writer_for
from tests.stores import curve, write_run

EMPTY = PageContext(title="Nothing", root="", crumbs=())


@pytest.fixture
def hand() -> Iterator[Writer]:
    made = Writer(load_assets())
    yield made
    made.close()


def contents(site: Path) -> dict[str, bytes]:
    return {path.relative_to(site).as_posix(): path.read_bytes() for path in site.rglob("*") if path.is_file()}


def test_a_site_is_the_same_with_and_without_it(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        notes = {"name": f"run <{number}>", "group": "g", "notes": "ü"}
        write_run(root, "p", f"r{number}", curve(9), {"lr": number}, notes, files={"output.log": "done\n"})
    monkeypatch.setattr(writer, "_processors", lambda: 2)
    monkeypatch.setattr(writer, "LEAST_PAGES", 5)
    alone = build_site(root, tmp_path / "alone")
    monkeypatch.setattr(writer, "LEAST_PAGES", 4)
    together = build_site(root, tmp_path / "together")
    assert contents(tmp_path / "alone") == contents(tmp_path / "together")
    assert alone.written == together.written
    again = build_site(root, tmp_path / "together")
    assert (again.written, again.unchanged) == ((), len(together.written))


def test_small_sites_and_lone_processors_do_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "_processors", lambda: 2)
    with writer_for(writer.LEAST_PAGES - 1, load_assets()) as none:
        assert none is None
    monkeypatch.setattr(writer, "_processors", lambda: 1)
    with writer_for(writer.LEAST_PAGES, load_assets()) as none:
        assert none is None


def test_it_makes_the_folders_that_it_needs(hand: Writer, tmp_path: Path) -> None:
    hand.write(f"{tmp_path}/a/b/c.js", b"data")
    assert hand.finish() == {}
    assert (tmp_path / "a/b/c.js").read_bytes() == b"data"


def test_a_file_that_cannot_be_written_is_told_of_at_the_end(hand: Writer, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    hand.write(f"{tmp_path}/taken", b"data")
    hand.write(f"{tmp_path}/later", b"x" * 1_000_000)
    with pytest.raises(IsADirectoryError) as caught:
        hand.finish()
    assert caught.value.filename == f"{tmp_path}/taken"


def test_a_page_that_cannot_be_rendered_is_told_of_at_the_end(hand: Writer, tmp_path: Path) -> None:
    hand.write(f"{tmp_path}/index.html", Unrendered("run.html.jinja", EMPTY))
    with pytest.raises(jinja2.UndefinedError):
        hand.finish()


def test_a_process_that_is_gone_is_told_of(hand: Writer, tmp_path: Path) -> None:
    os.kill(hand._process.pid, signal.SIGKILL)
    hand._process.wait()
    with pytest.raises(OSError, match=r"ended|[Bb]roken pipe"):
        hand.write(f"{tmp_path}/a", b"x" * 1_000_000)
        hand.finish()


def test_an_interrupt_is_for_the_first_process(hand: Writer, tmp_path: Path) -> None:
    hand.write(f"{tmp_path}/a", b"a")
    while not (tmp_path / "a").is_file():
        hand.write(f"{tmp_path}/more", b"x" * 100_000)
    os.kill(hand._process.pid, signal.SIGINT)
    hand.write(f"{tmp_path}/b", b"b")
    assert hand.finish() == {}
    assert (tmp_path / "b").read_bytes() == b"b"


def test_it_is_ended_with_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "_processors", lambda: 2)
    with pytest.raises(KeyboardInterrupt), writer_for(writer.LEAST_PAGES, load_assets()) as made:
        assert made is not None
        raise KeyboardInterrupt
    assert made is not None
    assert made._process.returncode is not None


def test_a_site_that_cannot_be_written_ends_the_build_in_one_line(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(root, "p", "r0", curve(2))
    start = writer._CODE.rpartition("; from")[0]
    monkeypatch.setattr(writer, "_processors", lambda: 2)
    monkeypatch.setattr(writer, "LEAST_PAGES", 1)
    monkeypatch.setattr(writer, "_CODE", f"{start}; import pickle; pickle.load(sys.stdin.buffer)")
    with pytest.raises(StoreError, match="cannot write the site"):
        build_site(root, tmp_path / "site")
    monkeypatch.undo()
    build_site(root, tmp_path / "site")
    build_site(root, tmp_path / "fresh")
    assert contents(tmp_path / "site") == contents(tmp_path / "fresh")


def test_where_no_second_process_can_start_one_does_all(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(root, "p", "r0", curve(2))
    build_site(root, tmp_path / "alone")
    monkeypatch.setattr(writer, "_processors", lambda: 2)
    monkeypatch.setattr(writer, "LEAST_PAGES", 1)
    monkeypatch.setattr(writer, "_CODE", "raise SystemExit")
    build_site(root, tmp_path / "site")
    assert contents(tmp_path / "site") == contents(tmp_path / "alone")
