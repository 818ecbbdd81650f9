"""Publishing: into a folder and onto a branch of a real repository, and never with a secret in it."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from runstore.cli.main import main
from runstore.errors import StoreError, UsageError
from runstore.reading.store import read_store
from sitegen import urls
from sitegen.extras import PublicSite, public_site
from sitegen.publishing.branch import Branch, push_site
from sitegen.publishing.folder import mirror
from sitegen.publishing.places import placed
from sitegen.publishing.publish import Allowed, Target, prepared, send
from sitegen.publishing.secrets import Finding
from sitegen.publishing.summary import as_values
from tests.stores import curve, write_file, write_run, write_store

KEY = "AKIA" + "Q7WERTY2UIOP4ASD"


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the scripts of pages are bundled in: that takes a second, once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _own_place(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNSTORE_CACHE_DIR", str(cache))
    for name in ("GIT_DIR", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)


def write(root: Path, runs: int = 2, visibility: str = "public") -> Path:
    write_store(root)
    write_file(root / "p/project.yaml", f"title: P\nvisibility: {visibility}\n")
    for number in range(runs):
        write_run(root, "p", f"r{number}", curve(4), {"lr": 0.1}, {"name": f"run {number}"}, {"state": "finished"})
    return root


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a store and a remote, which is bare."""
    git(tmp_path, "init", "--quiet", "--bare", "-b", "main", "remote.git")
    git(tmp_path, "init", "--quiet", "-b", "main", "work")
    work = tmp_path / "work"
    write(work / "experiments")
    git(work, "remote", "add", "origin", "../remote.git")
    git(work, "add", ".")
    git(work, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "-m", "first")
    git(work, "push", "--quiet", "origin", "main")
    return work


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        main([str(each) for each in arguments])
    shown = capsys.readouterr()
    return int(ended.value.code or 0), shown.out + shown.err


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_becomes_the_site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = write(tmp_path / "s")
    code, said = run(capsys, "publish", store, "--to", tmp_path / "www")
    assert code == 0, said
    assert {"index.html", "404.html", "p/runs/r0/index.html", urls.NO_JEKYLL} <= files(tmp_path / "www")
    assert "goes out: 1 project, 2 runs" in said
    assert "0 unchanged, 0 removed" in said


def test_a_second_time_writes_what_changed_and_removes_what_is_gone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, www = write(tmp_path / "s"), tmp_path / "www"
    run(capsys, "publish", store, "--to", www)
    write_file(www / "notes/mine.txt", "not of the site")
    before = (www / "p/runs/r0/index.html").stat().st_ino
    (store / "p/runs/r1").rename(tmp_path / "aside")
    code, said = run(capsys, "publish", store, "--to", www)
    assert code == 0
    assert not (www / "p/runs/r1").exists()
    assert (www / "notes/mine.txt").is_file()
    assert (www / urls.static_file("base.js")).is_file()
    run(capsys, "publish", store, "--to", www)
    _, said = run(capsys, "publish", store, "--to", www)
    assert "0 files written" in said
    assert "0 removed" in said
    assert before


def test_what_is_somebody_elses_in_a_folder_is_not_overwritten(tmp_path: Path) -> None:
    store, www = write(tmp_path / "s"), tmp_path / "www"
    write_file(www / "index.html", "mine")
    with prepared(store, PublicSite()) as found, pytest.raises(StoreError, match=r"index\.html: a file that is not of"):
        send(found, Target(folder=www))
    assert files(www) == {"index.html"}


def test_a_publication_that_was_cut_short_is_taken_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, www = write(tmp_path / "s"), tmp_path / "www"
    with prepared(store, PublicSite()) as found:
        site, count = found.site, 0

        def put(source: Path, target: Path) -> None:
            nonlocal count
            count += 1
            if count == 5:
                raise OSError(28, "No space left on device", str(target))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())

        with monkeypatch.context() as patched:
            patched.setattr("sitegen.publishing.folder._put", put)
            with pytest.raises(StoreError, match="No space left"):
                mirror(site, www)
        mirror(site, www)
        assert files(www) == files(site)


def test_nothing_is_written_or_removed_outside_of_the_folder(tmp_path: Path) -> None:
    store, www, away = write(tmp_path / "s"), tmp_path / "www", tmp_path / "away"
    write_file(away / "x.txt", "precious")
    write_file(away / "index.html", "precious")
    www.mkdir()
    write_file(www / urls.MANIFEST, {"files": {"../away/x.txt": "0", "l/x.txt": "0", "p/index.html": "0"}})
    (www / "l").symlink_to(away)
    (www / "p").symlink_to(away)
    with prepared(store, PublicSite()) as found, pytest.raises(StoreError, match="leads out of"):
        send(found, Target(folder=www))
    assert (away / "x.txt").read_text() == (away / "index.html").read_text() == "precious"


def test_a_branch_gets_the_site_twice_without_force(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    remote, store = repository.parent / "remote.git", repository / "experiments"
    code, said = run(capsys, "publish", store, "--branch", "gh-pages", "--url", "https://lab.example/x/")
    assert (code, said.splitlines()[-1]) == (0, "origin/gh-pages: pushed")
    first = git(remote, "rev-parse", "gh-pages")
    listed = set(git(remote, "ls-tree", "-r", "--name-only", "gh-pages").splitlines())
    assert {"index.html", "404.html", "sitemap.xml", urls.NO_JEKYLL, "p/runs/r1/index.html"} <= listed

    _, said = run(capsys, "publish", store, "--branch", "gh-pages", "--url", "https://lab.example/x/")
    assert said.splitlines()[-1] == "origin/gh-pages: has this very site already"

    (store / "p/runs/r1").rename(repository / "aside")
    write_run(store, "p", "r9", curve(3), state={"state": "finished"})
    _, said = run(capsys, "publish", store, "--branch", "gh-pages", "--url", "https://lab.example/x/")
    assert git(remote, "rev-parse", "gh-pages~1") == first
    listed = set(git(remote, "ls-tree", "-r", "--name-only", "gh-pages").splitlines())
    assert "p/runs/r9/index.html" in listed
    assert not [path for path in listed if path.startswith("p/runs/r1/")]
    assert git(repository, "status", "--porcelain", "--untracked-files=no").splitlines() == [
        "D experiments/p/runs/r1/config.yaml",
        " D experiments/p/runs/r1/history.jsonl",
        " D experiments/p/runs/r1/run.yaml",
        " D experiments/p/runs/r1/state.json",
    ]
    assert git(repository, "symbolic-ref", "--short", "HEAD") == "main"


def test_another_clone_goes_on_where_the_branch_is(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    remote, there = repository.parent / "remote.git", repository.parent / "clone"
    run(capsys, "publish", repository / "experiments", "--branch", "gh-pages")
    # As a machine of a CI has it: the last commit of the one branch.
    git(repository.parent, "clone", "--quiet", "--depth", "1", "--branch", "main", f"file://{remote}", "clone")
    write_run(there / "experiments", "p", "r5", curve(3), state={"state": "finished"})
    code, said = run(capsys, "publish", there / "experiments", "--branch", "gh-pages")
    assert code == 0, said
    assert len(git(remote, "rev-list", "gh-pages").splitlines()) == 2
    # And this one again, which does not know of that yet.
    write_run(repository / "experiments", "p", "r6", curve(3), state={"state": "finished"})
    code, said = run(capsys, "publish", repository / "experiments", "--branch", "gh-pages")
    assert code == 0, said
    assert len(git(remote, "rev-list", "gh-pages").splitlines()) == 3


def test_a_branch_with_other_files_is_left_alone(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git(repository, "push", "--quiet", "origin", "main:docs")
    code, said = run(capsys, "publish", repository / "experiments", "--branch", "docs")
    assert code != 0
    assert "origin/docs: holds files that are not a site of runstore" in said
    code, _ = run(capsys, "publish", repository / "experiments", "--branch", "docs", "--force")
    assert code == 0
    assert "index.html" in git(repository.parent / "remote.git", "ls-tree", "--name-only", "docs").splitlines()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--branch", "main"], "main: is the branch that is checked out here"),
        (["--branch", "a..b"], "git check-ref-format: 'a..b' is not a valid branch name; choose another --branch"),
        (["--branch", "x", "--remote", "nowhere"], "nowhere: git cannot reach it"),
        (["--branch", "x", "--to", "y"], "found --to and --branch, expected one of them"),
        ([], "found neither --to nor --branch"),
        (["--dry-run", "--url", "lab.example"], "found the address 'lab.example'"),
        (["--dry-run", "--cname", "a b.c"], "found the domain 'a b.c'"),
        (["--dry-run", "--allow", "nothing"], "found --allow 'nothing', expected KIND:FILE"),
    ],
)
def test_a_mistake_is_told_in_one_line(
    repository: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    code, shown = run(capsys, "publish", repository / "experiments", *arguments)
    assert code not in (0, 1) or said in shown
    assert said in shown
    assert "Traceback" not in shown


def test_a_store_outside_of_a_repository_has_no_branch(tmp_path: Path) -> None:
    with prepared(write(tmp_path / "s"), PublicSite()) as found, pytest.raises(StoreError, match="publish with --to"):
        push_site(found.site, found.store, Branch())


def test_a_rejected_push_says_what_to_do(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hook = repository.parent / "remote.git" / "hooks" / "pre-receive"
    write_file(hook, "#!/bin/sh\necho not today >&2\nexit 1\n").chmod(0o755)
    code, said = run(capsys, "publish", repository / "experiments", "--branch", "gh-pages")
    assert code != 0
    assert "git push:" in said
    assert "Traceback" not in said


def test_a_secret_stops_the_publication(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store, www = write(tmp_path / "s"), tmp_path / "www"
    write_run(store, "p", "bad", curve(3), {"key": KEY}, state={"state": "finished"})
    code, said = run(capsys, "publish", store, "--to", www)
    assert code == 1
    assert not www.exists()
    assert "p/runs/bad/index.html, line " in said
    assert "aws-key, begins with 'AKIA'" in said
    assert KEY not in said
    with prepared(store, PublicSite()) as found, pytest.raises(UsageError):
        send(found, Target(folder=www))


def test_a_finding_names_the_file_of_the_store_to_mend(tmp_path: Path) -> None:
    store = write(tmp_path / "s")
    write_run(store, "p", "bad", curve(3), {"lr": 0.1, "key": KEY}, state={"state": "finished"})
    token = "hf_" + "QwErTyUiOpAsDfGhJkLzXcVbNmQaWsEdRf"
    text = f"---\ntitle: T\nstatus: published\n---\n\nWe used {token} for it.\n"
    write_file(store / "p/reports/leaky.md", text)
    write_file(store / "reports/all.md", text.replace("for it", "here"))
    (store / "p/link").symlink_to(store / "p/reports")
    with prepared(store, PublicSite()) as found:
        sources = {each.file: each.source for each in found.blocking}
        (told,) = (str(each) for each in found.blocking if each.file == "p/reports/leaky/index.html")
        listed = as_values(found, Target(dry_run=True), None)["secrets"]
    assert sources["p/runs/bad/index.html"] == "p/runs/bad/config.yaml, line 1"
    assert sources["p/reports/leaky/index.html"] == "p/reports/leaky.md, line 6"
    assert sources["reports/all/index.html"] == "reports/all.md, line 6"
    assert set(sources.values()) == {
        "p/runs/bad/config.yaml, line 1",
        "p/reports/leaky.md, line 6",
        "reports/all.md, line 6",
    }
    assert told.endswith("huggingface-token, begins with 'hf_Q'; look in p/reports/leaky.md, line 6")
    assert {each["source"] for each in listed} == set(sources.values())
    assert not any(token in repr(each) for each in found.blocking)


def test_what_stands_nowhere_as_it_is_has_no_source(tmp_path: Path) -> None:
    store = read_store(write(tmp_path / "s"))
    (found,) = placed([Finding("p/index.html", 3, "aws-key", KEY[:4], KEY)], store)
    assert (found.source, str(found)) == ("", "p/index.html, line 3: aws-key, begins with 'AKIA'")


def test_what_a_person_allowed_goes_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store, www = write(tmp_path / "s"), tmp_path / "www"
    write_run(store, "p", "bad", curve(3), {"key": KEY}, state={"state": "finished"})
    code, _ = run(capsys, "publish", store, "--to", www, "--allow", "aws-key:p/runs/*")
    assert code == 1  # It stands in the table of runs as well.
    code, said = run(capsys, "publish", store, "--to", www, "--allow", "aws-key:p/*", "--allow", "jwt:p/*")
    assert code == 0, said
    assert "--allow jwt:p/* allows nothing that was found" in said


def test_a_dry_run_publishes_nothing_and_lists_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = write(tmp_path / "s")
    write_run(store, "mine", "r1", curve(3))
    code, said = run(capsys, "publish", store, "--dry-run", "--to", tmp_path / "www")
    assert code == 0
    assert not (tmp_path / "www").exists()
    assert "would go out: 1 project, 2 runs" in said
    assert "mine: 1 run; it is private; write visibility: public in its project.yaml to publish it" in said
    assert "of p: host names, user names" in said
    _, said = run(capsys, "publish", store, "--dry-run", "--json")
    found = json.loads(said)
    assert [(each["project"], each["public"]) for each in found["projects"]] == [("mine", False), ("p", True)]
    assert (found["published"], found["secrets"]) == (False, [])


def test_a_store_without_a_public_project_says_how_to_get_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = run(capsys, "publish", write(tmp_path / "s", visibility="private"), "--dry-run")
    assert code != 0
    assert "none of its projects is public; write visibility: public" in said


def test_a_misspelt_visibility_is_told_with_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = write(tmp_path / "s", visibility="pubic")
    told = "p/project.yaml, line 2: visibility: found 'pubic', expected one of public private; did you mean 'public'?"
    code, said = run(capsys, "publish", store, "--dry-run")
    assert code not in (0, 1)
    assert f"none of its projects is public; {told}" in said
    write_file(store / "q/project.yaml", "visibility: public\n")
    write_run(store, "q", "r1", curve(2))
    code, said = run(capsys, "publish", store, "--dry-run")
    assert code == 0
    assert f"p: 2 runs; {told}" in said
    write_file(store / "p/project.yaml", "title: [a]\nvisibility: private\n")
    assert "p: 2 runs; it is private" in run(capsys, "publish", store, "--dry-run")[1]
    write_file(store / "p/project.yaml", "visibility: [\n")
    assert "p: 2 runs; p/project.yaml, line " in run(capsys, "publish", store, "--dry-run")[1]


def test_kinds_are_allowed_by_file() -> None:
    assert Allowed.parse("aws-key:a/*").file == "a/*"
    with pytest.raises(UsageError, match="private-key aws-key"):
        Allowed.parse("nothing:a")


def test_what_stands_at_an_address_has_a_sitemap_and_links(tmp_path: Path) -> None:
    site = public_site("https://lab.example/runs", "Runs.Lab.Example", "allow")
    with prepared(write(tmp_path / "s"), site) as found:
        text = (found.site / urls.SITEMAP).read_text()
        assert "<loc>https://lab.example/runs/</loc>" in text
        assert "<loc>https://lab.example/runs/p/runs/r0/</loc>" in text
        assert text.count("<loc>") == len(list(found.site.rglob("index.html")))
        assert (found.site / urls.CNAME).read_text() == "runs.lab.example\n"
        robots = "User-agent: *\nAllow: /\nSitemap: https://lab.example/runs/sitemap.xml\n"
        assert (found.site / urls.ROBOTS).read_text() == robots
        assert 'href="https://lab.example/runs/_static/' in (found.site / urls.MISSING).read_text()
        page = (found.site / "p/runs/r0/index.html").read_text()
        assert '<link rel="canonical" href="https://lab.example/runs/p/runs/r0/">' in page


def test_search_engines_may_be_sent_away(tmp_path: Path) -> None:
    with prepared(write(tmp_path / "s"), public_site(robots="deny")) as found:
        assert (found.site / urls.ROBOTS).read_text() == "User-agent: *\nDisallow: /\n"
        assert '<meta name="robots" content="noindex">' in (found.site / "index.html").read_text()
        assert not (found.site / urls.SITEMAP).exists()
        assert "_static" not in (found.site / urls.MISSING).read_text()


def test_a_large_site_has_several_sitemaps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sitegen.extras.MOST_IN_SITEMAP", 2)
    with prepared(write(tmp_path / "s"), public_site("https://lab.example")) as found:
        listed = (found.site / urls.SITEMAP).read_text()
        parts = sorted(found.site.glob("sitemap-*.xml"))
        assert len(parts) == 3
        assert all(f"<loc>https://lab.example/{part.name}</loc>" in listed for part in parts)
