"""The pipeline: the same store gives the same bytes, and only what changed is made again."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from runstore.errors import StoreError
from sitegen.build import BuildReport, Kept, build_site
from tests.stores import append, curve, write_file, write_run, write_store


@pytest.fixture
def store(root: Path) -> Path:
    for number in range(3):
        write_run(
            root,
            "p",
            f"r{number}",
            curve(20),
            config={"lr": 0.1 * number},
            meta={
                "name": f"run {number}",
                "group": "odd" if number % 2 else "even",
                "created": f"2026-10-0{number + 1}",
            },
            state={"state": "finished", "exit_code": 0, "finished": "2026-10-05T00:00:00Z"},
            files={"output.log": f"run {number}\n"},
        )
    write_run(root, "q", "only", curve(5), meta={"name": "only"})
    return root


def contents(site: Path) -> dict[str, bytes]:
    return {path.relative_to(site).as_posix(): path.read_bytes() for path in site.rglob("*") if path.is_file()}


def stamps(site: Path) -> dict[str, int]:
    return {path.relative_to(site).as_posix(): path.stat().st_mtime_ns for path in site.rglob("*") if path.is_file()}


def assert_like_new(store: Path, site: Path, tmp_path: Path) -> None:
    """A site that grew by steps holds what one built from nothing holds."""
    shutil.rmtree(store / ".cache")
    build_site(store, tmp_path / "fresh")
    assert contents(site) == contents(tmp_path / "fresh")


def test_two_builds_of_one_store_give_the_same_bytes_in_any_place(store: Path, tmp_path: Path) -> None:
    build_site(store, tmp_path / "one")
    copy = shutil.copytree(store, tmp_path / "elsewhere" / "experiments", ignore=shutil.ignore_patterns(".cache"))
    build_site(copy, tmp_path / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_site_holds_no_path_of_this_machine_nor_its_name(store: Path, tmp_path: Path) -> None:
    build_site(store, tmp_path / "site")
    own = {name: data for name, data in contents(tmp_path / "site").items() if not name.startswith("_static/")}
    for name, data in own.items():
        assert str(tmp_path).encode() not in data, name
        assert f'"{socket.gethostname()}"'.encode() not in data, name


def test_second_build_reads_no_history_and_touches_no_file(store: Path, tmp_path: Path) -> None:
    build_site(store, tmp_path / "site")
    before = stamps(tmp_path / "site")
    report = build_site(store, tmp_path / "site")
    assert (report.bytes_read, report.written, report.removed) == (0, (), ())
    assert stamps(tmp_path / "site") == before


def test_grown_run_reads_its_new_bytes_and_changes_its_pages_and_its_projects(store: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    build_site(store, site)
    rows = curve(2, start=20)
    size = (store / "p/runs/r1/history.jsonl").stat().st_size
    append(store / "p/runs/r1", rows)
    report = build_site(store, site)
    assert report.bytes_read == (store / "p/runs/r1/history.jsonl").stat().st_size - size
    pages = {name for name in report.written if name.endswith(".html")}
    assert pages <= {"p/runs/r1/index.html", "p/index.html", "p/groups/odd/index.html", "index.html"}
    assert "p/runs/r1/data.js" in report.written
    assert not [name for name in report.written if name.startswith(("q/", "p/runs/r0", "p/runs/r2"))]
    assert_like_new(store, site, tmp_path)


def test_new_run_changes_its_neighbours_but_not_others(store: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    build_site(store, site)
    write_run(store, "p", "r3", curve(4), meta={"name": "run 3", "created": "2026-10-04"})
    report = build_site(store, site)
    assert "p/runs/r2/index.html" in report.written
    assert "p/runs/r0/index.html" not in report.written
    assert_like_new(store, site, tmp_path)


def test_removed_run_takes_its_pages_along(store: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    build_site(store, site)
    shutil.rmtree(store / "p/runs/r1")
    report = build_site(store, site)
    assert not (site / "p/runs/r1").exists()
    assert not (site / "p/groups/odd").exists()
    assert "p/runs/r1/index.html" in report.removed
    assert_like_new(store, site, tmp_path)


def test_a_process_that_builds_again_and_again_keeps_nothing_that_is_not_so(store: Path, tmp_path: Path) -> None:
    site, kept = tmp_path / "site", Kept()
    changes = [
        lambda: append(store / "p/runs/r1", curve(2, start=20)),
        lambda: write_run(store, "p", "r3", curve(4), meta={"name": "run 3", "created": "2026-10-04"}),
        lambda: shutil.rmtree(store / "p/runs/r0"),
        lambda: write_file(store / "p/runs/r2/config.yaml", "lr: 7\n"),
        lambda: write_run(store, "p", "r0", curve(3)),
        lambda: shutil.rmtree(store / "q"),
    ]
    build_site(store, site, kept=kept)
    for change in changes:
        change()
        report = build_site(store, site, kept=kept)
        assert report.written
        assert build_site(store, site, kept=kept).bytes_read == 0
    assert_like_new(store, site, tmp_path)


def test_a_build_that_failed_leaves_nothing_to_the_next_one(store: Path, tmp_path: Path) -> None:
    site, kept = tmp_path / "site", Kept()
    build_site(store, site, kept=kept)
    write_file(store / "store.yaml", "format: 99\n")
    append(store / "p/runs/r1", curve(2, start=20))
    with pytest.raises(StoreError):
        build_site(store, site, kept=kept)
    write_store(store)
    build_site(store, site, kept=kept)
    assert_like_new(store, site, tmp_path)


def test_removed_project_takes_its_directory_along(store: Path, tmp_path: Path) -> None:
    build_site(store, tmp_path / "site")
    shutil.rmtree(store / "q")
    build_site(store, tmp_path / "site")
    assert not (tmp_path / "site/q").exists()
    assert (tmp_path / "site/p/index.html").exists()


def test_build_that_was_cut_short_leaves_nothing_that_the_next_one_misses(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    build_site(store, site)
    secret = write_run(store, "p", "secret", curve(4), meta={"name": "secret", "created": "2026-10-09"})
    written: list[str] = []

    def interrupted(step: str, done: int, total: int) -> None:
        written.append(step)
        if len(written) == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_site(store, site, progress=interrupted)
    assert b"secret" in (site / "p/data/runs.js").read_bytes()
    shutil.rmtree(secret)
    build_site(store, site)
    assert not (site / "p/runs/secret").exists()
    assert_like_new(store, site, tmp_path)


@pytest.mark.parametrize("gone", ["p/runs/r0/index.html", "p/data/runs.js", "index.html", "_static/index.css", "p"])
def test_what_somebody_deleted_from_the_site_comes_back(store: Path, tmp_path: Path, gone: str) -> None:
    site = tmp_path / "site"
    build_site(store, site)
    before = contents(site)
    target = site / gone
    if target.is_dir():
        shutil.rmtree(target)
    else:
        target.unlink()
    build_site(store, site)
    assert contents(site) == before


@pytest.mark.parametrize("manifest", [b"", b"{", b"[]", b'{"files": 1}', b'{"files": {"p": 3}}', b"[" * 100_000])
def test_broken_manifest_is_as_good_as_none(store: Path, tmp_path: Path, manifest: bytes) -> None:
    site = tmp_path / "site"
    build_site(store, site)
    before = contents(site)
    (site / ".runstore-site.json").write_bytes(manifest)
    build_site(store, site)
    assert contents(site) == before


def test_manifest_that_names_files_outside_removes_none_of_them(store: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    build_site(store, site)
    precious = write_file(tmp_path / "precious.txt", "keep me")
    manifest = json.loads((site / ".runstore-site.json").read_bytes())
    manifest["files"] |= {"../precious.txt": "", str(precious): ""}
    (site / ".runstore-site.json").write_text(json.dumps(manifest))
    build_site(store, site)
    assert precious.read_text() == "keep me"


def test_older_version_of_a_site_that_was_put_back_is_brought_up_to_date(store: Path, tmp_path: Path) -> None:
    site, older = tmp_path / "site", tmp_path / "older"
    build_site(store, site)
    shutil.copytree(site, older)
    append(store / "p/runs/r1", curve(2, start=20))
    build_site(store, site)
    newer = contents(site)
    shutil.rmtree(site)
    older.rename(site)
    build_site(store, site)
    assert contents(site) == newer


@pytest.mark.parametrize("memory", [b"", b"{", b"[]", b'{"manifest": ""}', b"[" * 100_000])
def test_broken_memory_of_a_build_is_as_good_as_none(store: Path, tmp_path: Path, memory: bytes) -> None:
    build_site(store, tmp_path / "site")
    before = contents(tmp_path / "site")
    [path] = (store / ".cache" / ".sites").iterdir()
    path.write_bytes(memory)
    assert build_site(store, tmp_path / "site").written == ()
    assert contents(tmp_path / "site") == before


def test_several_sites_of_one_store_do_not_disturb_each_other(store: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        build_site(store, tmp_path / name)
    append(store / "p/runs/r1", curve(2, start=20))
    build_site(store, tmp_path / "one")
    assert "p/runs/r1/data.js" in build_site(store, tmp_path / "two").written
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_grown_log_is_copied_again(store: Path, tmp_path: Path) -> None:
    build_site(store, tmp_path / "site")
    append(store / "q/runs/only", b"one more line\n", "output.log")
    assert "q/runs/only/output.log.txt" in build_site(store, tmp_path / "site").written
    assert (tmp_path / "site/q/runs/only/output.log.txt").read_text() == "one more line\n"
    assert not list((tmp_path / "site").rglob("*.tmp"))


def test_file_that_is_not_ours_stays_in_the_site(store: Path, tmp_path: Path) -> None:
    build_site(store, tmp_path / "site")
    own = write_file(tmp_path / "site" / "CNAME", "example.org")
    build_site(store, tmp_path / "site")
    assert own.read_text() == "example.org"


def test_renamed_project_changes_its_pages(store: Path, tmp_path: Path) -> None:
    build_site(store, tmp_path / "site")
    write_file(store / "p" / "project.yaml", "title: A better title\n")
    report = build_site(store, tmp_path / "site")
    assert "p/index.html" in report.written
    assert b"A better title" in (tmp_path / "site/index.html").read_bytes()


def test_log_is_copied_but_no_link_is_followed(store: Path, tmp_path: Path) -> None:
    secret = write_file(tmp_path / "secret.txt", "top secret")
    os.symlink(secret, store / "q/runs/only/output.log")
    os.symlink(secret, store / "q/runs/only/changes.patch")
    build_site(store, tmp_path / "site")
    assert (tmp_path / "site/p/runs/r0/output.log.txt").read_text() == "run 0\n"
    assert not [name for name, data in contents(tmp_path / "site").items() if b"top secret" in data]


def test_progress_is_told_to_its_end(store: Path, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    build_site(store, tmp_path / "site", progress=lambda *step: told.append(step))
    assert ("p", 3, 3) in told
    assert told[-1] == ("projects", 2, 2)


def test_report_counts_runs_projects_and_problems(store: Path, tmp_path: Path) -> None:
    write_run(store, "q", "torn", b'{"m": 1}\n{"m"')
    report = build_site(store, tmp_path / "site")
    assert isinstance(report, BuildReport)
    assert (report.runs, report.projects, len(report.problems)) == (5, 2, 1)
    assert report.index == tmp_path / "site/index.html"


def test_unknown_store_is_an_error_that_says_where(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nowhere"):
        build_site(tmp_path / "nowhere", tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_store_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    root = write_store(tmp_path / "experiments", "format: 99\n")
    with pytest.raises(StoreError, match="format"):
        build_site(root, tmp_path / "site")


def test_a_build_without_charts_of_its_own_imports_no_altair() -> None:
    code = "import sys, sitegen.build; sys.exit(bool({'altair', 'vl_convert', 'jinja2', 'plotly'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
