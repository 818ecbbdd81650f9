"""The page of one run: every field of W&B's overview, its values, tables, log and patch."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.sitegen.plans import plan
from tests.stores import curve, write_run

PROVENANCE = {
    "host": "node1",
    "user": "ada",
    "os": "Linux-6.1",
    "python": "3.11.7",
    "executable": "/usr/bin/python3",
    "command": ["train.py", "--lr", "1e-4", "a b"],
    "cpu": "Some CPU",
    "cpu_count": 4,
    "cpu_count_logical": 8,
    "memory_gb": 15.6,
    "gpu": ["Some GPU"],
    "git": {"commit": "abc123", "branch": "main", "remote": "git@example.org:team/repo.git", "dirty": True},
    "runstore": "0.1.0",
}


def _page(root: Path, run_id: str = "r1") -> Any:
    return plan(root).pages[f"p/runs/{run_id}/index.html"]


def _overview(root: Path) -> dict[str, Any]:
    return {field.label: field.value for field in _page(root).overview}


def test_the_overview_has_every_field_of_wandbs(root: Path) -> None:
    meta = {"name": "steady", "group": "g", "job_type": "train", "tags": ["a", "b"], "notes": "why", "sweep": "s1"}
    meta |= {"created": "2026-10-01T00:00:00Z"}
    state = {"state": "failed", "exit_code": 3, "finished": "2026-10-01T01:00:00Z"}
    write_run(root, history=curve(11), meta=meta, state=state, files={"provenance.json": PROVENANCE})
    found = _overview(root)
    expected = {
        "State": "failed",
        "Author": "ada",
        "Group": "g",
        "Job type": "train",
        "Tags": ("a", "b"),
        "Description": "why",
        "Start time": "2026-10-01T00:00:00Z",
        "End time": "2026-10-01T01:00:00Z",
        "Runtime": 3600.0,
        "Tracked hours": 5.0,
        "Name": "steady",
        "Run path": "p/r1",
        "Exit code": "3",
        "Git repository": "git@example.org:team/repo.git",
        "Git state": "abc123 on main, with uncommitted changes",
        "Host name": "node1",
        "OS": "Linux-6.1",
        "Python version": "3.11.7",
        "Python executable": "/usr/bin/python3",
        "System hardware": "Some CPU, 4 cores (8 threads), 16 GB memory, Some GPU",
        "Runstore version": "0.1.0",
        "Sweep": "s1",
        "Steps": "10 (11 rows)",
    }
    assert {label: found[label] for label in expected} == expected
    assert "train.py --lr 1e-4 'a b'" in found.values()


def test_what_a_run_does_not_say_is_left_out(root: Path) -> None:
    write_run(root, history=None)
    assert set(_overview(root)) == {"State", "Name", "Run path"}


@pytest.mark.parametrize(
    ("remote", "shown", "href"),
    [
        ("https://example.org/team/repo.git", "https://example.org/team/repo.git", "https://example.org/team/repo"),
        ("https://ada:secret@example.org/repo", "https://example.org/repo", "https://example.org/repo"),
        ("https://secret@example.org:8443/repo", "https://example.org:8443/repo", "https://example.org:8443/repo"),
        ("https://example.org/repo?token=secret#x", "https://example.org/repo", "https://example.org/repo"),
        ("ssh://git:secret@example.org/repo", "ssh://git@example.org/repo", None),
        ("https://host:abc/x", "https://host:abc/x", "https://host:abc/x"),
        ("https://[::1", "https://[::1", None),
        ("git@example.org:team/repo.git", "git@example.org:team/repo.git", "https://example.org/team/repo"),
        ("javascript:alert(1)", "javascript:alert(1)", None),
        ("/srv/git/repo", "/srv/git/repo", None),
    ],
)
def test_a_repository_is_shown_without_passwords_and_linked_where_it_can_be(
    root: Path, remote: str, shown: str, href: str | None
) -> None:
    write_run(root, files={"provenance.json": {"git": {"remote": remote}}})
    (field,) = (field for field in _page(root).overview if field.label == "Git repository")
    assert (field.value, field.href) == (shown, href)


def test_neighbours_and_group_are_linked(root: Path) -> None:
    for at, run_id in enumerate("abc"):
        write_run(root, run_id=run_id, meta={"created": f"2026-10-0{3 - at}T00:00:00Z", "group": "a group"})
    page = _page(root, "b")
    assert (page.previous.name, page.previous.href) == ("a", "../../../p/runs/a/index.html")
    assert (page.next.name, page.next.href) == ("c", "../../../p/runs/c/index.html")
    assert page.group.name == "a group"
    assert (_page(root, "a").previous, _page(root, "c").next) == (None, None)


def test_config_and_summary_are_shown_flat(root: Path) -> None:
    write_run(root, config="lr: 1e-4\nmodel: {depth: 2}\n", files={"summary.json": {"acc": 0.5, "none": None}})
    page = _page(root)
    assert page.config == (("lr", "0.0001"), ("model.depth", "2"))
    assert page.summary == (("acc", "0.5"),)


def test_log_and_patch_are_shown(root: Path) -> None:
    write_run(root, files={"output.log": "hello\n", "changes.patch": "+new\n"})
    page = _page(root)
    assert [link.href for link in page.logs[0].files] == ["output.log.txt"]
    assert ([line.kind for line in page.patch.lines], page.patch.href) == (["add"], "changes.patch.txt")


def test_an_empty_log_is_none(root: Path) -> None:
    write_run(root, files={"output.log": ""})
    assert _page(root).logs == ()


def test_texts_of_ten_thousand_characters_are_texts(root: Path) -> None:
    long = "<&\"'" * 2500
    config = f"? {json.dumps(long)}\n: {json.dumps(long)}\n"
    write_run(root, meta={"name": long, "notes": long, "group": long, "tags": [long]}, config=config)
    page = _page(root)
    said = {field.label: field.value for field in page.overview}
    assert (page.run.name, said["Description"], page.config) == (long, long, ((long, long),))
