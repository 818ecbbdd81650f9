"""A store as it was: read from git without a checkout, whatever the commit holds."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstore.errors import StoreError
from runstore.reading import copies
from runstore.reading import tree as reading_tree
from runstore.reading.revision import (
    commit_page,
    commits,
    head,
    merge_base,
    ordered,
    resolve,
    store_at,
    web_address,
)
from runstore.reading.store import RunRecord, Store, read_store
from tests.repositories import FOLDER, LINK, PLAIN, SUBMODULE, Repo
from tests.stores import curve, write_file, write_run, write_store

WHEN = 1_790_000_000


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A repository whose store has one run at `v1`, and two at `main`."""
    made = Repo.init(tmp_path / "project")
    root = write_store(made.top / "experiments")
    write_file(root / ".gitignore", ".cache/\nheartbeat\n")
    write_run(
        root, "digits", "r1", curve(3), config="lr: 0.1\n", files={"output.log": "hello\n", "media/a.png": b"png"}
    )
    made.commit("the first run", when=WHEN, tag="v1")
    write_run(root, "digits", "r2", curve(5), config="lr: 0.2\n")
    write_run(root, "speech", "r3", curve(2))
    made.commit("more runs", when=WHEN + 60)
    return made


def store_of(repo: Repo) -> Path:
    return repo.top / "experiments"


def paths(store: Store) -> list[str]:
    return sorted(f"{run.project}/{run.id}" for project in store.projects for run in project.runs)


def said(run: RunRecord) -> tuple[object, ...]:
    return (run.meta, run.state, run.config, run.summary, run.rows, run.last_step, run.created, sorted(run.files))


def test_the_store_at_a_tag_is_the_store_that_was_committed(repo: Repo) -> None:
    now = read_store(store_of(repo))
    with store_at(store_of(repo), "v1") as then:
        assert paths(then.store) == ["digits/r1"]
        assert (then.commit.subject, then.commit.when, then.commit.author) == ("the first run", WHEN, "Ada")
        assert said(then.store.find_run("r1")) == said(now.find_run("r1"))
        assert len(then.store.projects[0].history()[0]) == 3
        assert (then.store.find_run("r1").layout.path / "media" / "a.png").read_bytes() == b"png"
    with store_at(store_of(repo), "HEAD") as then:
        assert paths(then.store) == paths(now)
        assert list(then.store.all_problems()) == list(now.all_problems()) == []


def test_the_copy_is_gone_afterwards_and_the_working_tree_untouched(repo: Repo) -> None:
    before = sorted(repo.top.rglob("*"))
    with store_at(store_of(repo), "v1") as then:
        root = then.store.layout.root
        assert root.parent.stat().st_mode & 0o077 == 0
    assert not root.exists()
    assert sorted(repo.top.rglob("*")) == before


def test_some_projects_and_numbers_only_copy_less(repo: Repo) -> None:
    with store_at(store_of(repo), "HEAD", projects=["speech"]) as then:
        assert paths(then.store) == ["speech/r3"]
    with store_at(store_of(repo), "HEAD", numbers_only=True) as then:
        run = then.store.find_run("r1")
        assert sorted(run.files) == ["config.yaml", "history.jsonl"]
        assert not (run.layout.path / "media").exists()
        assert run.summary["loss"] == pytest.approx(1 / 3)


def test_caches_heartbeats_and_requests_of_a_commit_are_not_taken(repo: Repo) -> None:
    root = store_of(repo)
    write_file(root / ".cache" / "digits" / "catalog.jsonl", "a trap\n")
    write_file(root / "digits" / "runs" / "r1" / "heartbeat", '{"pid": 1}')
    write_file(root / "digits" / "runs" / "r1" / "stop", "{}")
    repo.git("add", "--force", "--all")
    repo.commit(tag="v2")
    with store_at(root, "v2") as then:
        assert (then.store.layout.cache_dir / "digits" / "catalog.jsonl").read_text() != "a trap\n"
        folder = then.store.find_run("r1").layout.path
        assert not (folder / "heartbeat").exists()
        assert not (folder / "stop").exists()


def test_branches_merges_and_the_commits_that_changed_the_store(repo: Repo) -> None:
    root = store_of(repo)
    repo.git("checkout", "-q", "-b", "feature", "v1")
    write_run(root, "digits", "f1", curve(1))
    repo.commit("on the branch", when=WHEN + 90)
    repo.git("checkout", "-q", "main")
    write_file(repo.top / "README", "no run\n")
    repo.commit("nothing of the store", when=WHEN + 100)
    repo.git("merge", "-q", "-m", "merged", "feature", when=WHEN + 120)
    with store_at(root, "feature") as then:
        assert paths(then.store) == ["digits/f1", "digits/r1"]
    with store_at(root, "HEAD") as then:
        assert paths(then.store) == ["digits/f1", "digits/r1", "digits/r2", "speech/r3"]
    assert merge_base(root, "main~1", "feature") == resolve(root, "v1")
    subjects = [each.subject for each in commits(root)]
    assert subjects[0] == "the first run"
    assert {"more runs", "on the branch"} <= set(subjects)
    assert "nothing of the store" not in subjects
    assert commits(repo.top) == commits(root)
    assert [each.subject for each in commits(root, since="v1", until="feature")] == ["on the branch"]
    shas = [resolve(root, name).sha for name in ("feature", "v1", "main")]
    places = ordered(root, [*shas, "0" * 40])
    assert sorted(places, key=lambda sha: places[sha]) == [shas[1], shas[0], shas[2]]


def test_a_store_at_the_top_and_one_named_by_the_directory_that_holds_it(tmp_path: Path, repo: Repo) -> None:
    with store_at(repo.top, "v1") as then:
        assert paths(then.store) == ["digits/r1"]
    top = Repo.init(tmp_path / "top")
    write_store(top.top)
    write_run(top.top, "p", "r", curve(1))
    top.commit(tag="v1")
    with store_at(top.top, "v1") as then:
        assert paths(then.store) == ["p/r"]
    assert not head(top.top).dirty
    assert not head(repo.top).dirty


def test_a_store_written_by_hand_needs_no_store_yaml(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path)
    write_run(tmp_path / "experiments", "p", "r", curve(1))
    repo.commit(tag="v1")
    with store_at(tmp_path / "experiments", "v1") as then:
        assert paths(then.store) == ["p/r"]


def test_a_store_that_is_gone_from_the_working_tree_is_still_in_its_past(repo: Repo) -> None:
    repo.git("rm", "-rqf", "experiments")
    for path in (repo.top, store_of(repo)):
        with store_at(path, "v1") as then:
            assert paths(then.store) == ["digits/r1"]


def test_before_there_was_a_store(repo: Repo) -> None:
    empty = repo.commit_tree(repo.tree([(PLAIN, b"README", repo.blob(b"hello"))]), "before")
    with pytest.raises(StoreError, match=f"there is no store in commit {empty[:10]}; name a later one"):
        store_at(store_of(repo), "before").__enter__()
    with store_at(store_of(repo), "before", or_none=True) as then:
        assert then.store.projects == ()


@pytest.mark.parametrize(
    ("revision", "said"),
    [
        ("nothing", "found no commit 'nothing' in its git repository"),
        ("v1:experiments", "expected a tag, branch or commit"),
        ("--upload-pack=touch x", "expected a tag, branch or commit"),
        ("-h", "expected a tag, branch or commit"),
        ("v1..main", "expected a tag, branch or commit"),
        ("HEAD^{/(a+)+$}", "expected a tag, branch or commit"),
        ("", "expected a tag, branch or commit"),
        ("a\nb", "expected a tag, branch or commit"),
    ],
)
def test_a_revision_that_names_no_commit_is_said_in_one_line(repo: Repo, revision: str, said: str) -> None:
    with pytest.raises(StoreError) as caught:
        resolve(store_of(repo), revision)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_name_that_is_a_tag_and_a_branch_is_refused_with_both(repo: Repo) -> None:
    repo.git("branch", "v1", "main")
    with pytest.raises(StoreError, match=r"several things called 'v1'.*write refs/heads/v1 or refs/tags/v1"):
        resolve(store_of(repo), "v1")
    assert resolve(store_of(repo), "refs/tags/v1").subject == "the first run"


def test_a_branch_that_only_the_remote_has_is_proposed(repo: Repo, tmp_path: Path) -> None:
    repo.git("branch", "release")
    clone = Repo(tmp_path / "clone")
    repo.git("clone", "-q", repo.top, clone.top)
    with pytest.raises(StoreError, match="did you mean 'origin/release'"):
        resolve(store_of(clone), "release")
    assert resolve(store_of(clone), "origin/release") == resolve(store_of(repo), "main")


def test_a_shallow_clone_says_how_to_get_the_rest(repo: Repo, tmp_path: Path) -> None:
    clone = Repo(tmp_path / "clone")
    repo.git("clone", "-q", "--depth", "1", f"file://{repo.top}", clone.top)
    with pytest.raises(StoreError, match=r"shallow.*git fetch --unshallow.*fetch-depth: 0"):
        resolve(store_of(clone), "v1")
    with store_at(store_of(clone), "HEAD") as then:
        assert paths(then.store) == ["digits/r1", "digits/r2", "speech/r3"]


def test_a_partial_clone_says_so_and_fetches_nothing(repo: Repo, tmp_path: Path) -> None:
    repo.git("config", "uploadpack.allowFilter", "true")
    clone = Repo(tmp_path / "clone")
    repo.git("clone", "-q", "--filter=blob:none", "--no-checkout", f"file://{repo.top}", clone.top)
    with pytest.raises(StoreError, match=r"partial.*git fetch --refetch --no-filter"):
        store_at(store_of(clone), "v1").__enter__()
    clone.git("fetch", "-q", "--refetch", "--no-filter")
    with store_at(store_of(clone), "v1") as then:
        assert paths(then.store) == ["digits/r1"]


def test_a_store_outside_of_git_says_so(tmp_path: Path) -> None:
    root = write_store(tmp_path / "experiments")
    with pytest.raises(StoreError, match=r"lies in no working tree of git.*commit the store to git first"):
        resolve(root, "HEAD")
    assert head(root) == head(tmp_path / "not there")
    assert head(root).commit is None


def test_a_repository_without_a_commit_has_no_head(tmp_path: Path) -> None:
    root = write_store(Repo.init(tmp_path).top / "experiments")
    assert head(root).commit is None
    with pytest.raises(StoreError, match="found no commit 'HEAD'"):
        resolve(root, "HEAD")


def test_head_is_dirty_as_soon_as_the_store_differs_and_not_by_caches(repo: Repo) -> None:
    root = store_of(repo)
    read_store(root)
    write_file(repo.top / "README", "not of the store\n")
    write_file(root / ".gitignore", "")
    repo.commit()
    state = head(root)
    assert (root / ".cache").is_dir()
    assert state.commit == resolve(root, "HEAD")
    assert not state.dirty
    write_run(root, "digits", "r9", curve(1))
    assert head(root).dirty
    repo.commit()
    (root / "digits" / "runs" / "r1" / "config.yaml").write_text("lr: 7\n")
    assert head(root).dirty


def test_head_knows_the_page_of_its_commit(repo: Repo) -> None:
    root = store_of(repo)
    assert head(root).web is None
    repo.git("remote", "add", "upstream", "https://example.org/x/y.git")
    repo.git("remote", "add", "origin", "https://ada:s3cret@github.com/team/digits.git")
    state = head(root)
    assert state.web == "https://github.com/team/digits"
    assert state.commit is not None
    assert state.commit_url == f"https://github.com/team/digits/commit/{state.commit.sha}"


@pytest.mark.parametrize(
    ("remote", "page"),
    [
        ("git@github.com:team/code.git", "https://github.com/team/code/commit/abc"),
        ("ssh://git@gitlab.example.org:2222/a/b/c.git", "https://gitlab.example.org/a/b/c/-/commit/abc"),
        ("https://user:token@bitbucket.org/team/code/", "https://bitbucket.org/team/code/commits/abc"),
        ("https://oauth2@GitLab.com/team/code.git", "https://gitlab.com/team/code/-/commit/abc"),
        ("https://example.org/team/code.git", None),
        ("/srv/git/github/code.git", None),
        ("file:///github.com/code", None),
        ("javascript://github.com/%0aalert(1)", None),
        ("https://github.com/a/../b", None),
        ('https://github.com/a"onclick=x', None),
        ("https://notgithub.com/a/b", None),
        ("", None),
    ],
)
def test_the_page_of_a_remote_has_no_login(remote: str, page: str | None) -> None:
    web = web_address(remote)
    assert (None if web is None else commit_page(web, "abc")) == page


@given(st.text(max_size=60))
def test_no_remote_puts_a_login_or_markup_into_a_page(text: str) -> None:
    for remote in (text, f"https://u:{text}@github.com/a/b", f"git@github.com:{text}", f"https://github.com/{text}"):
        web = web_address(remote)
        assert web is None or (web.startswith("https://") and not set(web) & set("@<>\"' \n"))


# What a stranger's commit may hold


def wicked(repo: Repo, *entries: tuple[str, bytes, str]) -> Path:
    """Tags as `bad` a commit whose store has one run with these entries beside its history."""
    history = repo.blob(b'{"loss": 1}\n')
    run = repo.tree([(PLAIN, b"history.jsonl", history), *entries])
    runs = repo.tree([(FOLDER, b"r1", run)])
    project = repo.tree([(FOLDER, b"runs", runs)])
    store = repo.tree([(FOLDER, b"p", project), (PLAIN, b"store.yaml", repo.blob(b"format: 1\n"))])
    repo.commit_tree(repo.tree([(FOLDER, b"experiments", store)]), "bad")
    return store_of(repo)


ENTRIES: dict[str, Callable[[Repo], tuple[str, bytes, str]]] = {
    "a link": lambda repo: (LINK, b"config.yaml", repo.blob(b"/etc/passwd")),
    "a submodule": lambda repo: (SUBMODULE, b"media", "1" * 40),
    "the directory above": lambda repo: (FOLDER, b"..", repo.tree([(PLAIN, b"x", repo.blob(b"x"))])),
    "a path upwards": lambda repo: (PLAIN, b"../../../../../evil", repo.blob(b"x")),
    "an absolute path": lambda repo: (PLAIN, b"/tmp/evil", repo.blob(b"x")),
    "a repository": lambda repo: (FOLDER, b".git", repo.tree([(PLAIN, b"config", repo.blob(b"x"))])),
    "a repository in capitals": lambda repo: (FOLDER, b".GIT", repo.tree([(PLAIN, b"config", repo.blob(b"x"))])),
    "a name that is too long": lambda repo: (PLAIN, b"x" * 300, repo.blob(b"x")),
    "a name twice": lambda repo: (PLAIN, b"history.jsonl", repo.blob(b"x")),
    "a directory of a file's name": lambda repo: (
        FOLDER,
        b"history.jsonl",
        repo.tree([(PLAIN, b"x", repo.blob(b"x"))]),
    ),
}


@pytest.mark.parametrize("name", ENTRIES)
def test_what_is_no_file_of_the_store_is_left_out_and_told(repo: Repo, name: str) -> None:
    root = wicked(repo, ENTRIES[name](repo))
    before = sorted(repo.top.parent.rglob("*"))
    with store_at(root, "bad") as then:
        assert len(then.left_out) == 1, then.left_out
        assert set(then.left_out) <= set(then.store.all_problems())
        if name != "a directory of a file's name":
            assert then.store.find_run("r1").rows == 1
        top = then.store.layout.root
        kept = {path for path in top.rglob("*") if ".cache" not in path.parts}
        assert all(path.resolve().is_relative_to(top.resolve()) and not path.is_symlink() for path in kept)
    assert sorted(repo.top.parent.rglob("*")) == before
    assert not Path("/tmp/evil").exists()


def test_names_that_are_no_text_are_read_and_told_as_text(repo: Repo) -> None:
    root = wicked(repo, (PLAIN, b"odd-\xff\n.txt", repo.blob(b"x")), (LINK, b"link-\xfe", repo.blob(b"y")))
    with store_at(root, "bad") as then:
        assert [str(each).isprintable() for each in then.left_out] == [True]
        assert b"odd-\xff\n.txt" in os.listdir(os.fsencode(then.store.find_run("r1").layout.path))


def test_a_huge_file_is_left_out_unread(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_tree, "MOST_FILE_BYTES", 2_000_000)
    root = wicked(repo, (PLAIN, b"output.log", repo.blob(bytes(3_000_000))))
    with store_at(root, "bad") as then:
        assert "found 3000000 bytes, expected at most 2000000" in str(then.left_out[0])
        assert "output.log" not in then.store.find_run("r1").files


def test_large_files_are_streamed_and_same_contents_read_once(repo: Repo) -> None:
    large = os.urandom(3_000_000)
    digest = repo.blob(large)
    root = wicked(repo, (PLAIN, b"a.bin", digest), (PLAIN, b"b.bin", digest), (PLAIN, b"c.txt", repo.blob(b"after\n")))
    with store_at(root, "bad") as then:
        folder = then.store.find_run("r1").layout.path
        assert (folder / "a.bin").read_bytes() == (folder / "b.bin").read_bytes() == large
        assert (folder / "c.txt").read_text() == "after\n"


def test_more_than_the_disk_should_take_is_left_out(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_tree, "MOST_BYTES", 40)
    root = wicked(repo, (PLAIN, b"z.bin", repo.blob(bytes(100))))
    with store_at(root, "bad") as then:
        assert any(each.path.endswith("z.bin") for each in then.left_out)


def test_a_pointer_of_git_lfs_is_told_instead_of_read(repo: Repo) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 5\n"
    root = wicked(repo, (PLAIN, b"system.jsonl", repo.blob(pointer)))
    with store_at(root, "bad") as then:
        assert "git-lfs" in str(then.left_out[0])
        assert then.store.find_run("r1").rows == 1


def test_no_hook_and_no_filter_of_the_repository_runs(repo: Repo) -> None:
    trap = repo.top.parent / "sprung"
    for hook in ("post-checkout", "post-index-change", "reference-transaction"):
        path = write_file(repo.top / ".git" / "hooks" / hook, f"#!/bin/sh\ntouch '{trap}'\n")
        path.chmod(0o755)
    repo.git("config", "filter.trap.smudge", f"touch '{trap}'")
    repo.git("config", "core.fsmonitor", f"touch '{trap}'")
    write_file(repo.top / ".gitattributes", "* filter=trap\n")
    with store_at(store_of(repo), "v1") as then:
        assert then.store.find_run("r1").rows == 3
    head(store_of(repo))
    assert not trap.exists()


def test_replaced_objects_do_not_change_the_past(repo: Repo) -> None:
    repo.git("replace", "v1", "main")
    with store_at(store_of(repo), "v1") as then:
        assert paths(then.store) == ["digits/r1"]


def test_a_file_whose_content_is_lost_takes_no_other_along(repo: Repo) -> None:
    lost = repo.git("rev-parse", "v1:experiments/digits/runs/r1/config.yaml")
    (repo.top / ".git" / "objects" / lost[:2] / lost[2:]).unlink()
    with store_at(store_of(repo), "v1") as then:
        assert "git fsck" in str(then.left_out[0])
        assert then.store.find_run("r1").rows == 3


def test_a_lost_tree_is_said_in_one_line(repo: Repo) -> None:
    lost = repo.git("rev-parse", "v1:experiments/digits/runs/r1")
    (repo.top / ".git" / "objects" / lost[:2] / lost[2:]).unlink()
    with pytest.raises(StoreError, match="git fsck"):
        store_at(store_of(repo), "v1").__enter__()


def test_an_error_names_the_store_and_the_commit_and_not_the_copy(repo: Repo) -> None:
    write_store(store_of(repo), "format: 99\n")
    sha = repo.commit(tag="future")
    with pytest.raises(StoreError) as caught:
        store_at(store_of(repo), "future").__enter__()
    assert str(caught.value).startswith(f"{store_of(repo)} at {sha[:10]}/store.yaml")


def test_a_silent_run_is_as_it_was_then_and_not_as_now(repo: Repo) -> None:
    write_run(store_of(repo), "digits", "live", curve(1), state={"state": "running"})
    repo.commit(tag="v2")
    with store_at(store_of(repo), "v2") as then:
        assert then.store.find_run("live").state == "crashed"


# Copies that are kept


def test_a_kept_copy_is_made_once_and_its_runs_keep_their_digests(repo: Repo, tmp_path: Path) -> None:
    (store_of(repo) / "digits" / "odd").symlink_to("/etc/passwd")
    repo.commit(tag="v2")
    kept = tmp_path / "kept"
    seen = []
    for _ in range(2):
        with store_at(store_of(repo), "v2", kept=kept) as then:
            seen.append((then.store.layout.root, [run.digest for run in then.store.projects[0].runs], then.left_out))
    assert seen[0] == seen[1]
    assert len(seen[0][2]) == 1
    with store_at(store_of(repo), "v2", kept=kept, numbers_only=True) as then:
        assert then.store.layout.root != seen[0][0]
    with store_at(store_of(repo), "v1", kept=kept) as then:
        assert paths(then.store) == ["digits/r1"]
    assert len(list(kept.iterdir())) == 3


def test_a_kept_copy_that_is_not_whole_is_made_again(repo: Repo, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    with store_at(store_of(repo), "v1", kept=kept) as then:
        place = then.store.layout.root.parent
    (place / "left-out.json").write_text("[")
    write_run(place / "store", "digits", "trap", curve(1))
    with store_at(store_of(repo), "v1", kept=kept) as then:
        assert paths(then.store) == ["digits/r1"]
    assert [path.name for path in kept.iterdir()] == [place.name]


def test_no_copy_is_kept_where_a_link_leads(repo: Repo, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "link").symlink_to(elsewhere)
    for kept in (tmp_path / "link", tmp_path / "link" / "deeper"):
        with store_at(store_of(repo), "v1", kept=kept) as then:
            assert paths(then.store) == ["digits/r1"]
    assert list(elsewhere.iterdir()) == []


def test_the_copies_that_nobody_read_for_the_longest_time_go(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "MOST_KEPT", 1)
    for revision in ("v1", "main"):
        with store_at(store_of(repo), revision, kept=tmp_path / "kept") as then:
            last = then.store.layout.root.parent.name
    assert [path.name for path in (tmp_path / "kept").iterdir()] == [last]


def test_nothing_is_kept_of_a_commit_that_cannot_be_copied(repo: Repo, tmp_path: Path) -> None:
    repo.commit_tree(repo.tree([(PLAIN, b"README", repo.blob(b"hello"))]), "before")
    with pytest.raises(StoreError, match="there is no store in commit"):
        store_at(store_of(repo), "before", kept=tmp_path / "kept").__enter__()
    assert list((tmp_path / "kept").iterdir()) == []
