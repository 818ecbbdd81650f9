"""The small files of a store: lenient where a person's hand is likely, strict where meaning would be lost."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstore.errors import FormatError, StoreError
from runstore.format import records
from runstore.format.layout import GITATTRIBUTES, GITIGNORE, StoreLayout
from runstore.format.records import Heartbeat, ProjectMeta, RunMeta, RunState, StoreMeta
from tests.stores import write_file

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
METAS = st.builds(
    RunMeta,
    id=st.just("r1"),
    name=TEXT,
    created=TEXT,
    group=TEXT,
    job_type=TEXT,
    tags=st.lists(TEXT, max_size=4).map(tuple),
    notes=TEXT,
    sweep=TEXT,
)


@given(METAS)
def test_a_runs_record_reads_as_it_was_written(tmp_path: Path, meta: RunMeta) -> None:
    assert records.load_run(write_file(tmp_path / "r1/run.yaml", records.dump_run(meta))) == meta


@given(TEXT, TEXT, st.sampled_from(["public", "private"]), st.lists(st.dictionaries(TEXT, TEXT), max_size=2))
def test_a_projects_record_reads_as_it_was_written(
    tmp_path: Path, title: str, description: str, visibility: Any, views: list[dict[str, str]]
) -> None:
    meta = ProjectMeta(title, description, visibility, tuple(views))
    assert records.load_project(write_file(tmp_path / "project.yaml", records.dump_project(meta))) == meta


@given(st.sampled_from(records.STATES), st.none() | st.integers(-255, 255), TEXT)
def test_a_state_reads_as_it_was_written(tmp_path: Path, state: Any, code: int | None, finished: str) -> None:
    recorded = RunState(state, code, finished)
    assert records.load_state(write_file(tmp_path / "state.json", records.dump_state(recorded))) == recorded


def test_a_stores_record_reads_as_it_was_written(tmp_path: Path) -> None:
    meta = StoreMeta(entity="vision: team", artifacts="lfs")
    assert records.load_store(write_file(tmp_path / "store.yaml", records.dump_store(meta))) == meta


def test_a_heartbeat_reads_as_it_was_written(tmp_path: Path) -> None:
    beat = Heartbeat(pid=7, host="node1", boot="b", start=1.5)
    assert records.load_heartbeat(write_file(tmp_path / "heartbeat", records.dump_heartbeat(beat))) == beat


@pytest.mark.parametrize(
    "data",
    [b"", b"x", b"[]", b"{}", b'{"pid": 1}', b'{"pid": "x", "host": "h"}', b'{"pid": 1e999, "host": "h"}', b"\xff"],
)
def test_what_is_no_heartbeat_is_none(tmp_path: Path, data: bytes) -> None:
    assert records.load_heartbeat(write_file(tmp_path / "heartbeat", data)) is None


def test_files_that_are_missing_or_empty_stand_for_their_defaults(tmp_path: Path) -> None:
    for content in (None, ""):
        folder = tmp_path / "r1"
        for name in ("run.yaml", "state.json", "store.yaml", "project.yaml", "config.yaml"):
            if content is not None:
                write_file(folder / name, content)
        assert records.load_run(folder / "run.yaml") == RunMeta(id="r1")
        assert records.load_state(folder / "state.json") is None
        assert records.load_store(folder / "store.yaml") == StoreMeta()
        assert records.load_project(folder / "project.yaml") == ProjectMeta()
        assert records.load_config(folder / "config.yaml") == {}


def test_a_person_may_write_numbers_for_texts_and_one_tag_for_a_list(tmp_path: Path) -> None:
    path = write_file(tmp_path / "r1/run.yaml", "id: other\nname: 12\ngroup: 1e-4\ntags: baseline\nnotes:\nextra: 1\n")
    assert records.load_run(path) == RunMeta(id="r1", name="12", group="0.0001", tags=("baseline",))


def test_keys_of_a_configuration_become_text_at_any_depth(tmp_path: Path) -> None:
    path = write_file(tmp_path / "config.yaml", "1: a\ntrue: b\nlayers:\n  - {2: c, null: d, 1.5: e}\n")
    assert records.load_config(path) == {"1": "a", "true": "b", "layers": [{"2": "c", "null": "d", "1.5": "e"}]}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("name: [1, 2\n", "line 1"),
        ("- a\n- b\n", "line 1"),
        ("just text", "line 1"),
        ("name: a\nname: b\n", "line 2"),
        (b"name: \xff\n", "line 1"),
    ],
)
def test_a_broken_record_names_file_place_and_mend(tmp_path: Path, text: str | bytes, place: str) -> None:
    path = write_file(tmp_path / "r1/run.yaml", text)
    with pytest.raises(FormatError) as caught:
        records.load_run(path)
    assert caught.value.place == place
    assert str(caught.value).startswith(f"{path}, {place}: found ")
    assert "expected" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "place", "found"),
    [
        ("name: {a: 1}\n", "name", "a dict"),
        ("tags: {a: 1}\n", "tags", "a dict"),
        ("tags: [a, [b]]\n", "tags", "a list as item 2"),
        ("tags: [null]\n", "tags", "a NoneType as item 1"),
        ("created: yesterday\n", "created", "'yesterday'"),
        (f"created: {'x' * 99}\n", "created", f"'{'x' * 39}…'"),
        ("created: [2026]\n", "created", "a list"),
    ],
)
def test_a_wrong_field_of_a_run_is_one_mistake_and_costs_no_other(
    tmp_path: Path, text: str, place: str, found: str
) -> None:
    path = write_file(tmp_path / "r1/run.yaml", f"{text}group: g\nnotes: kept\n")
    mistakes: list[FormatError] = []
    meta = records.load_run(path, mistakes)
    assert (meta.id, meta.group, meta.notes) == ("r1", "g", "kept")
    assert [(mistake.place, mistake.found) for mistake in mistakes] == [(place, found)]
    assert records.load_run(path) == meta


def test_every_mistake_of_a_run_is_listed_and_good_tags_are_kept(tmp_path: Path) -> None:
    text = "name: {a: 1}\ncreated: soon\ngroup: [x]\ntags: [good, {a: 1}, 7]\njob_type: train\n"
    mistakes: list[FormatError] = []
    meta = records.load_run(write_file(tmp_path / "r1/run.yaml", text), mistakes)
    assert meta == RunMeta(id="r1", created="soon", job_type="train", tags=("good", "7"))
    assert [mistake.place for mistake in mistakes] == ["name", "created", "group", "tags"]


@pytest.mark.parametrize("created", ["2026-10-01", "2026-10-01T10:00:00Z", "2026-10-01 10:00:00.5+02:00", "''", ""])
def test_a_time_of_iso_8601_or_none_is_no_mistake(tmp_path: Path, created: str) -> None:
    mistakes: list[FormatError] = []
    records.load_run(write_file(tmp_path / "r1/run.yaml", f"created: {created}\n"), mistakes)
    assert mistakes == []


@pytest.mark.parametrize(
    ("text", "place"),
    [("format: 0", "format"), ("format: yes", "format"), ("format: true", "format"), ("artifacts: all", "artifacts")],
)
def test_a_store_that_says_something_else_is_refused(tmp_path: Path, text: str, place: str) -> None:
    with pytest.raises(FormatError) as caught:
        records.load_store(write_file(tmp_path / "store.yaml", text))
    assert caught.value.place == place


def test_a_store_of_a_newer_format_says_how_to_read_it(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"found 2, a newer format, expected at most 1; update with pip install -U"):
        records.load_store(write_file(tmp_path / "store.yaml", "format: 2\n"))


@pytest.mark.parametrize(
    ("text", "place"),
    [("visibility: secret", "visibility"), ("views: x", "views"), ("views: [1]", "views"), ("title: [a]", "title")],
)
def test_a_wrong_field_of_a_project_is_one_mistake_and_costs_no_other(tmp_path: Path, text: str, place: str) -> None:
    mistakes: list[FormatError] = []
    meta = records.load_project(write_file(tmp_path / "project.yaml", f"{text}\ndescription: kept\n"), mistakes)
    assert meta == ProjectMeta(description="kept")
    assert [mistake.place for mistake in mistakes] == [place]


def test_every_mistake_of_a_project_is_listed_and_good_views_are_kept(tmp_path: Path) -> None:
    text = "title: T\nvisibility: secret\nviews:\n  - name: a\n  - b\n  - [c]\n"
    mistakes: list[FormatError] = []
    meta = records.load_project(write_file(tmp_path / "project.yaml", text), mistakes)
    assert meta == ProjectMeta(title="T", views=({"name": "a"},))
    assert [(mistake.place, mistake.found) for mistake in mistakes] == [
        ("visibility", "'secret'"),
        ("views", "a str as item 2"),
        ("views", "a list as item 3"),
    ]


@pytest.mark.parametrize(
    ("data", "place", "found"),
    [
        (b'{"state": "done"}', "state", "'done'"),
        (b'{"state": ["running"]}', "state", "['running']"),
        (b'{"exit_code": 0}', "state", "None"),
        (b'{"state": "finished",\n "exit', "line 2", "broken JSON"),
        (b"[]", "", "a JSON list"),
        (b"\xff", "", "broken JSON"),
        (b"[" * 5000, "", "nesting deeper than 100 levels"),
    ],
)
def test_a_state_that_is_none_names_its_place(tmp_path: Path, data: bytes, place: str, found: str) -> None:
    with pytest.raises(FormatError) as caught:
        records.load_state(write_file(tmp_path / "state.json", data))
    assert (caught.value.place, caught.value.found) == (place, found)


def test_an_exit_code_that_is_no_whole_number_is_none(tmp_path: Path) -> None:
    for code in ("true", '"1"', "1.5"):
        path = write_file(tmp_path / "state.json", f'{{"state": "failed", "exit_code": {code}}}')
        assert records.load_state(path) == RunState("failed")


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    secret = write_file(tmp_path / "secret.yaml", "title: secret\n")
    link = tmp_path / "project.yaml"
    link.symlink_to(secret)
    with pytest.raises(StoreError, match="found a link, expected a plain file"):
        records.load_project(link)


def test_a_pipe_or_a_directory_is_no_file_and_nobody_waits_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config.yaml")
    (tmp_path / "project.yaml").mkdir()
    with pytest.raises(StoreError, match="found no plain file"):
        records.load_config(tmp_path / "config.yaml")
    with pytest.raises(StoreError, match="found no plain file"):
        records.load_project(tmp_path / "project.yaml")


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = write_file(tmp_path / "state.json", "old")
    inode = path.stat().st_ino
    records.write_atomically(path, b"new", sync=True)
    assert path.read_bytes() == b"new"
    assert path.stat().st_ino != inode
    with pytest.raises(OSError, match="directory"):
        records.write_atomically(tmp_path / "nowhere/state.json", b"x")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="directory"):
        records.write_atomically(tmp_path / "folder", b"x")
    assert sorted(os.listdir(tmp_path)) == ["folder", "state.json"]


def test_a_new_store_ignores_what_is_not_for_git_and_what_is_there_stays(tmp_path: Path) -> None:
    layout = StoreLayout(tmp_path / "a/experiments")
    records.create_store(layout, entity="team")
    assert records.load_store(layout.store_yaml) == StoreMeta(entity="team")
    assert {".cache/", "heartbeat", "*.lock"} <= set(layout.gitignore.read_text().split())
    records.create_store(layout, entity="other")
    assert records.load_store(layout.store_yaml).entity == "team"


@pytest.mark.parametrize("theirs", ["mine\n", "mine", "# ours\r\nheartbeat\r\n", ""])
def test_a_gitignore_that_is_there_gets_the_lines_it_lacks_once(tmp_path: Path, theirs: str) -> None:
    layout = StoreLayout(tmp_path)
    for path in (layout.gitignore, layout.gitattributes):
        path.write_bytes(theirs.encode())
    for _ in range(2):
        records.create_store(layout)
    for path, ours in ((layout.gitignore, GITIGNORE), (layout.gitattributes, GITATTRIBUTES)):
        assert path.read_bytes().startswith(theirs.encode())
        lines = path.read_text().splitlines()
        assert set(ours.splitlines()) <= set(lines)
        assert len(lines) == len(set(lines))


def test_git_ignores_caches_locks_and_heartbeats_of_a_store_with_a_gitignore_of_its_own(tmp_path: Path) -> None:
    layout = StoreLayout(tmp_path / "experiments")
    write_file(layout.gitignore, "!heartbeat\n*.ckpt")
    records.create_store(layout)
    run = layout.project("p").run("r1")
    hidden = [run.heartbeat, layout.cache_dir / "p/catalog.jsonl", run.path / "a.lock", run.path / "model.ckpt"]
    shown = [run.history(), run.config_yaml]
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    done = subprocess.run(
        ["git", "-C", tmp_path, "check-ignore", *map(str, hidden + shown)], stdout=subprocess.PIPE, encoding="utf-8"
    )
    assert done.stdout.split() == list(map(str, hidden))


def test_a_gitignore_that_is_a_link_is_left_alone(tmp_path: Path) -> None:
    layout = StoreLayout(tmp_path / "experiments")
    elsewhere = write_file(tmp_path / "elsewhere", "mine\n")
    layout.root.mkdir()
    layout.gitignore.symlink_to(elsewhere)
    layout.gitattributes.mkdir()
    records.create_store(layout)
    assert elsewhere.read_text() == "mine\n"
    assert layout.gitignore.is_symlink()


def test_a_store_that_cannot_be_made_says_where_else(tmp_path: Path) -> None:
    write_file(tmp_path / "file", "")
    with pytest.raises(StoreError, match=r"cannot create a store here .*; pass dir= or set RUNSTORE_DIR"):
        records.create_store(StoreLayout(tmp_path / "file/experiments"))
