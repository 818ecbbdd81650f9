"""The layout: names become paths only here, and none leaves its directory."""

import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstore.errors import StoreError, UsageError
from runstore.format.layout import StoreLayout
from runstore.format.locate import default_store_root, enclosing_store, existing_store
from runstore.format.names import check_project_name, check_run_id
from runstore.format.records import write_atomically
from runstore.format.run_layout import RunLayout, history_order, is_as_stamped, is_history, scan_run
from tests.stores import write_file, write_run, write_store

NAMES = st.text(max_size=140) | st.text("./\\~-_ :%abC\0\n", max_size=12) | st.sampled_from(["con", "NUL.txt", "Lpt1"])


@given(NAMES)
def test_a_run_stays_inside_its_project_whatever_its_id(name: str) -> None:
    project = StoreLayout(Path("/store")).project("p")
    try:
        layout = project.run(name)
    except UsageError:
        return
    assert Path(os.path.normpath(layout.path)).parent == project.runs_dir
    assert Path(os.path.normpath(project.deleted(name))).parent == project.path / "deleted"
    assert layout.id == name


@given(NAMES)
def test_a_project_stays_inside_its_store_whatever_its_name(name: str) -> None:
    store = StoreLayout(Path("/store"))
    try:
        layout = store.project(name)
    except UsageError:
        return
    assert Path(os.path.normpath(layout.path)).parent == store.root
    assert layout.path not in (store.cache_dir, store.store_yaml, store.gitignore)


@given(NAMES)
def test_a_history_stays_inside_its_run_whoever_writes_it(name: str) -> None:
    run = RunLayout(Path("/store/p/runs/r"))
    try:
        path = run.history(name)
    except UsageError:
        return
    assert Path(os.path.normpath(path)).parent == run.path
    assert is_history(path.name)


@given(NAMES)
def test_a_name_that_is_allowed_can_be_made_and_found_again(tmp_path: Path, name: str) -> None:
    store = StoreLayout(tmp_path)
    try:
        run = store.project("p").run(name)
    except UsageError:
        return
    run.path.mkdir(parents=True, exist_ok=True)
    assert name in [each.id for each in store.project("p").runs()]


WRONG = [
    *("", " ", "a ", ".", "..", ".hidden", "a.", "a/b", "a\\b", "a#b", "a?b", "a%b", "a:b", "a\nb", "a\0b", "a\x7f"),
    *("CON", "nul.txt", "com1", "\ud800", "é" * 65),
]


@pytest.mark.parametrize("name", WRONG)
def test_a_name_that_could_not_be_a_directory_everywhere_is_refused_in_one_line(name: str) -> None:
    for check in (check_run_id, check_project_name):
        with pytest.raises(UsageError) as caught:
            check(name)
        assert "\n" not in str(caught.value)
        assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "name", ["a", "r1", "Ünïcode", "日本語", "with space", "a-b_c.d", "__proto__", "<script>", "-"]
)
def test_other_names_are_taken_as_they_are(name: str) -> None:
    assert check_run_id(name) == name
    assert check_project_name(name) == name


def test_a_long_wrong_name_is_shown_short() -> None:
    with pytest.raises(UsageError) as caught:
        check_run_id("x" * 10_000)
    assert len(str(caught.value)) < 250
    assert "10000 bytes" in str(caught.value)


def test_a_name_that_is_no_text_is_refused() -> None:
    with pytest.raises(UsageError, match="must be text, found int 7"):
        check_run_id(7)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["objects", "Objects", "reports"])
def test_the_stores_own_directories_are_no_projects(root: Path, name: str) -> None:
    write_run(root, project=name)
    assert StoreLayout(root).projects() == []
    with pytest.raises(UsageError, match="kept for the store's own files"):
        check_project_name(name)


def test_histories_are_merged_first_attempt_then_later_ones_by_number_then_ranks_by_name() -> None:
    names = ["history.rank1.jsonl", "history.10.jsonl", "history.jsonl", "history.2.jsonl", "history.rank0.jsonl"]
    assert sorted(names, key=history_order) == [
        "history.jsonl",
        "history.2.jsonl",
        "history.10.jsonl",
        "history.rank0.jsonl",
        "history.rank1.jsonl",
    ]


@pytest.mark.parametrize(
    "name", ["history.json", "xhistory.jsonl", "history..jsonl", "history.a.b.jsonl", "system.jsonl"]
)
def test_only_files_named_as_histories_are_histories(name: str) -> None:
    assert not is_history(name)


def test_the_files_of_a_run_are_listed_without_directories_and_links(root: Path) -> None:
    folder = write_run(root, files={"media/x.json": "{}", "history.2.jsonl": b""})
    (folder / "history.3.jsonl").symlink_to("history.jsonl")
    assert [path.name for path in RunLayout(folder).histories()] == ["history.jsonl", "history.2.jsonl"]


def test_what_stands_where_a_file_of_a_run_belongs_is_named(root: Path) -> None:
    folder = write_run(root)
    (folder / "history.2.jsonl").symlink_to("history.jsonl")
    (folder / "media").symlink_to("/nowhere")
    (folder / "notes.md").symlink_to("/nowhere")
    os.mkfifo(folder / "config.yaml")
    for name in ("summary.json", "files", "checkpoints"):
        (folder / name).mkdir()
    scan = scan_run(folder)
    assert [path.name for path, _ in scan.files] == ["history.jsonl"]
    assert {name: said.split(",")[0] for name, said in scan.odd.items()} == {
        "config.yaml": "found a pipe",
        "history.2.jsonl": "found a link",
        "media": "found a link",
        "summary.json": "found a directory",
    }


def test_a_run_can_be_looked_into_while_its_process_replaces_files(root: Path) -> None:
    folder = root / "p" / "runs" / "a"
    folder.mkdir(parents=True)
    over = threading.Event()

    def replace() -> None:
        while not over.is_set():
            write_atomically(folder / "state.json", b"{}")

    writer = threading.Thread(target=replace)
    writer.start()
    try:
        for _ in range(2000):
            scan_run(folder)
            is_as_stamped(folder, {})
    finally:
        over.set()
        writer.join()


def test_projects_are_the_directories_with_runs_or_a_project_yaml(root: Path) -> None:
    write_run(root, project="b")
    write_file(root / "a/project.yaml", "title: A\n")
    write_file(root / "notes/readme.md", "x")
    write_file(root / ".cache/runs/x", "x")
    assert [project.name for project in StoreLayout(root).projects()] == ["a", "b"]


def test_linked_projects_runs_and_directories_of_runs_are_not_followed(root: Path, tmp_path: Path) -> None:
    elsewhere = write_store(tmp_path / "elsewhere")
    outside = write_run(elsewhere, project="secret")
    write_run(root, project="p", run_id="own")
    (root / "linked").symlink_to(elsewhere / "secret")
    (root / "p/runs/linked").symlink_to(outside)
    (root / "q").mkdir()
    (root / "q/runs").symlink_to(elsewhere / "secret/runs")
    (root / "q/project.yaml").symlink_to(write_file(elsewhere / "project.yaml", "title: secret\n"))
    store = StoreLayout(root)
    assert [project.name for project in store.projects()] == ["p"]
    assert [run.id for run in store.project("p").runs()] == ["own"]
    assert store.project("q").runs() == []
    assert store.links() == [root / "linked", root / "q/runs"]
    assert store.project("p").links() == [root / "p/runs/linked"]
    assert store.project("q").links() == [root / "q/runs"]


def test_other_links_in_a_store_are_nobodys_business(root: Path, tmp_path: Path) -> None:
    (root / "notes").symlink_to(tmp_path)
    (root / "gone").symlink_to(tmp_path / "gone")
    (root / ".hidden").symlink_to(write_run(tmp_path / "elsewhere").parent.parent)
    (root / "reports").symlink_to(tmp_path / "elsewhere/p")
    assert StoreLayout(root).links() == []
    assert StoreLayout(tmp_path / "nowhere").project("p").links() == []


BELONGING = ["", "p", "p/runs", "p/runs/r1", "p/runs/r1/files/deep"]


@pytest.mark.parametrize(
    ("store_yaml", "where"), [*((True, where) for where in [*BELONGING, "new/er"]), *((False, at) for at in BELONGING)]
)
def test_a_directory_of_a_store_knows_that_it_is_one(tmp_path: Path, store_yaml: bool, where: str) -> None:
    store = tmp_path / "mine"
    write_run(store)
    if store_yaml:
        write_store(store)
    (tmp_path / "link").symlink_to(store)
    for path in (store / where, tmp_path / "link" / where):
        found = enclosing_store(path)
        assert found is not None
        assert found == store or store in found.parents


def test_a_directory_beside_or_above_a_store_is_in_none(root: Path, tmp_path: Path) -> None:
    write_run(root)
    for path in (root.parent, root.parent / "demo", tmp_path / "runs/demo"):
        assert enclosing_store(path) is None


def test_a_store_is_found_at_its_directory_and_at_the_one_that_holds_it(root: Path) -> None:
    assert existing_store(root).root == root
    assert existing_store(root.parent).root == root


def test_a_directory_with_a_project_is_a_store_without_a_store_yaml(tmp_path: Path) -> None:
    write_run(tmp_path / "plain")
    assert existing_store(tmp_path / "plain").root == tmp_path / "plain"


@pytest.mark.parametrize(
    ("name", "message"),
    [("nowhere", "no such directory"), ("file", "found a file"), ("empty", "found no store.yaml"), ("x" * 300, "long")],
)
def test_what_is_no_store_is_refused_in_one_line(tmp_path: Path, name: str, message: str) -> None:
    write_file(tmp_path / "file", "")
    (tmp_path / "empty").mkdir()
    with pytest.raises(StoreError, match=message):
        existing_store(tmp_path / name)


def test_the_nearest_store_above_belongs_to_a_directory(root: Path, tmp_path: Path) -> None:
    deep = tmp_path / "a/b"
    deep.mkdir(parents=True)
    (deep / ".git").mkdir()
    assert default_store_root(deep) == root
    assert default_store_root(root / "p") == root


def test_without_a_store_it_is_the_one_at_the_top_of_the_repository_or_here(tmp_path: Path) -> None:
    deep = tmp_path / "repository/a"
    deep.mkdir(parents=True)
    assert default_store_root(deep) == deep / "experiments"
    (tmp_path / "repository/.git").mkdir()
    assert default_store_root(deep) == tmp_path / "repository/experiments"
