"""A site for the world has nothing of what is to stay in the store, and of the rest what a plain one has."""

import subprocess
from pathlib import Path

import pytest

from runstore.format.records import PUBLISHABLE
from runstore.reading.store import read_store
from sitegen.build import build_site
from sitegen.extras import PublicSite
from sitegen.public import public_store
from tests.canaries import CANARIES, EMAIL, NEVER, USER, found_in, write_canaries
from tests.stores import curve, write_file, write_run, write_store

ALL = tuple(word for words in CANARIES.values() for word in words)


def published(tmp_path: Path, publish: str = "") -> Path:
    return build_site(write_canaries(tmp_path / "s", publish), tmp_path / "out", public=PublicSite()).out


def test_a_plain_site_has_the_canaries(tmp_path: Path) -> None:
    site = build_site(write_canaries(tmp_path / "s"), tmp_path / "out").out
    for word in (*ALL, "canaryprivate"):
        # Nothing shows these of a run, so far.
        assert found_in(site, (word,)) or word in ("Canary Author", "canarycwd", "canaryjob"), word


def test_a_public_site_has_none_of_them(tmp_path: Path) -> None:
    assert found_in(published(tmp_path), (*ALL, *NEVER)) == []


@pytest.mark.parametrize("part", PUBLISHABLE)
def test_what_is_let_out_by_name_brings_its_own_alone(tmp_path: Path, part: str) -> None:
    site = published(tmp_path, part)
    others = [word for other, words in CANARIES.items() if other != part for word in words]
    assert found_in(site, (*others, *NEVER)) == []
    assert found_in(site, CANARIES[part])


def test_all_together_show_everything_but_what_is_private(tmp_path: Path) -> None:
    site = published(tmp_path, ", ".join(PUBLISHABLE))
    assert found_in(site, NEVER[:1]) == []
    assert found_in(site, ("canaryhome",))


def test_what_is_left_is_as_useful_as_it_can_be(tmp_path: Path) -> None:
    site = published(tmp_path)
    page = (site / "open/runs/r1/index.html").read_text()
    for shown in (
        "run of [user]",
        "[host]",
        "[e-mail]",
        "[path]",
        "[address]",
        "Some GPU",
        "3.11.9",
        "ab" * 20,
        "fine",
    ):
        assert shown in page, shown
    assert "python train.py --data=[path] --lr 0.1" in page.replace("&#39;", "").replace("'", "")
    sweep = (site / "open/sweeps/s1/index.html").read_text()
    assert "agent 1" in sweep
    assert "search by [user]" in sweep
    assert "Made by [user] on [host]" in (site / "open/artifacts/model/index.html").read_text()
    # What is kept back is not said to be missing.
    assert "Not logged by this run: tables" in page


def test_a_run_without_anything_to_hide_is_shown_as_it_is(tmp_path: Path) -> None:
    root = write_store(tmp_path / "s")
    write_file(root / "p/project.yaml", "visibility: public\n")
    config = {"lr": 0.1, "name": "resnet", "layers": [1, 2], "note": "loss/val and 3/4"}
    write_run(root, "p", "r1", curve(5), config, {"name": "plain", "notes": "as it is"}, {"state": "finished"})
    plain = read_store(root).projects[0].runs[0]
    told = public_store(read_store(root)).projects[0].runs[0]
    assert (told.config, told.summary, told.meta, told.state) == (plain.config, plain.summary, plain.meta, plain.state)


def test_names_of_a_private_project_are_known_in_the_public_one(tmp_path: Path) -> None:
    root = write_canaries(tmp_path / "s")
    write_run(root, "hidden", "h1", curve(2), files={"provenance.json": {"host": "canaryother", "user": "canarythird"}})
    write_run(root, "open", "r3", curve(2), {"a": "canaryother"}, {"notes": "by canarythird"})
    site = build_site(root, tmp_path / "out", public=PublicSite()).out
    assert found_in(site, ("canaryother", "canarythird")) == []


def test_what_was_public_once_and_is_private_today_stays_in(tmp_path: Path) -> None:
    then, now = write_canaries(tmp_path / "then", "logs, host"), write_canaries(tmp_path / "now")
    today = public_store(read_store(now))
    (project,) = public_store(read_store(then), today).projects
    assert not project.disclosure.allows("logs")
    write_file(now / "open/project.yaml", "visibility: private\n")
    assert public_store(read_store(then), public_store(read_store(now))).projects == ()


def test_a_plain_site_is_not_taken_for_a_public_one(tmp_path: Path) -> None:
    store, out = write_canaries(tmp_path / "s"), tmp_path / "out"
    build_site(store, out)
    assert found_in(out, ALL)
    build_site(store, out, public=PublicSite())
    assert found_in(out, (*ALL, *NEVER)) == []
    build_site(store, out)
    assert (out / "hidden/index.html").is_file()


@pytest.mark.parametrize("change", ["visibility: private", "visibility: public\npublish: [logs]"])
def test_what_a_project_lets_out_changes_with_its_word(tmp_path: Path, change: str) -> None:
    store, out = write_canaries(tmp_path / "s"), tmp_path / "out"
    build_site(store, out, public=PublicSite())
    write_file(store / "open/project.yaml", f"{change}\n")
    build_site(store, out, public=PublicSite())
    assert (out / "open/runs/r1/index.html").exists() is ("publish" in change)
    assert bool(found_in(out, ("canarylog",))) is ("publish" in change)


def test_a_name_that_comes_later_is_cut_out_of_older_pages(tmp_path: Path) -> None:
    store, out = write_canaries(tmp_path / "s"), tmp_path / "out"
    write_run(store, "open", "r5", curve(2), {"by": "latecanary"}, {"notes": "latecanary was here"})
    build_site(store, out, public=PublicSite())
    assert found_in(out, ("latecanary",))
    write_run(store, "open", "r6", curve(2), files={"provenance.json": {"user": "latecanary"}})
    build_site(store, out, public=PublicSite())
    assert found_in(out, ("latecanary",)) == []


def test_two_public_builds_are_the_same_bytes_and_the_second_does_nothing(tmp_path: Path) -> None:
    store = write_canaries(tmp_path / "s")
    one, other = (build_site(store, tmp_path / name, public=PublicSite()).out for name in ("a", "b"))
    assert contents(one) == contents(other)
    assert build_site(store, one, public=PublicSite()).written == ()


def contents(site: Path) -> dict[str, bytes]:
    return {path.relative_to(site).as_posix(): path.read_bytes() for path in site.rglob("*") if path.is_file()}


@pytest.mark.parametrize("found", ["publish: 7", "publish: {a: 1}", "publish: [logs, everything]"])
def test_a_word_that_lets_nothing_out_is_told_with_its_place(tmp_path: Path, found: str) -> None:
    root = write_store(tmp_path / "s")
    write_file(root / "p/project.yaml", f"visibility: public\n{found}\n")
    write_run(root, "p", "r1", curve(2))
    (project,) = read_store(root).projects
    (problem,) = project.problems
    assert (problem.path, problem.message.partition(":")[0]) == ("p/project.yaml", "publish")
    assert "expected words out of host user email" in problem.message
    assert project.meta.publish == (("logs",) if "logs" in found else ())


def test_reports_of_a_public_site_lead_to_no_repository(tmp_path: Path) -> None:
    write_canaries(tmp_path / "s")
    remote = "https://github.com/lab/canaryremote.git"
    for arguments in (("init", "-q"), ("remote", "add", "origin", remote), ("add", "s")):
        subprocess.run(("git", *arguments), cwd=tmp_path, check=True)
    name = ("-c", f"user.name={USER}", "-c", f"user.email={EMAIL}")
    subprocess.run(("git", *name, "commit", "-q", "-m", f"by {USER}"), cwd=tmp_path, check=True)
    site = build_site(tmp_path / "s", tmp_path / "out", public=PublicSite()).out
    assert (site / "open/reports/told/index.html").is_file()
    assert found_in(site, (*ALL, *NEVER)) == []
