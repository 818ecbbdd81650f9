"""`runstore gate` as a person and as CI calls it: exit codes, tables, Markdown, JSON."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.cli.terminal import Terminal, start
from tests.repositories import LINK, Repo
from tests.stores import write_file, write_run, write_store

GOOD = (0.950, 0.952, 0.948, 0.951, 0.949)
SAME = (0.951, 0.950, 0.949, 0.952, 0.947)
BAD = (0.930, 0.931, 0.929, 0.932, 0.928)


def log(repo: Repo, prefix: str, values: Sequence[float], day: int = 1, commit: str = "", **config: Any) -> Path:
    """Logs a finished run a value, with a seed each."""
    root = write_store(repo.top / "experiments")
    write_file(root / ".gitignore", ".cache/\n")
    for seed, value in enumerate(values):
        write_run(
            root,
            "digits",
            f"{prefix}{seed}",
            (),
            {"lr": 0.1, "seed": seed, **config},
            meta={"created": f"2026-10-{day:02}T10:0{seed}:00Z"},
            state={"state": "finished", "exit_code": 0, "finished": f"2026-10-{day:02}T11:00:00Z"},
            files={
                "summary.json": {"val_acc": value},
                "provenance.json": {"git": {"commit": commit}} if commit else {},
            },
        )
    return root


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A repository with five good runs at `v1`."""
    made = Repo.init(tmp_path / "project")
    log(made, "old", GOOD)
    made.commit(tag="v1")
    return made


@pytest.mark.parametrize(("values", "code", "verdict"), [(BAD, 1, "regression"), (SAME, 0, "no difference")])
def test_the_exit_code_says_whether_there_is_a_regression(
    terminal: Terminal, repo: Repo, values: Sequence[float], code: int, verdict: str
) -> None:
    root = log(repo, "new", values, day=2)
    done = terminal("gate", "--baseline", "v1", "--store", root)
    assert done.code == code
    assert verdict in done.out
    assert "0.9500 ± 0.0016 (n=5)" in done.out
    assert done.out.splitlines()[-1].startswith(f"against v1 ({repo.git('rev-parse', 'v1')[:10]}): ")


def test_committed_runs_count_as_well_and_other_branches_do_not(terminal: Terminal, repo: Repo) -> None:
    repo.git("checkout", "-q", "-b", "feature")
    root = log(repo, "new", BAD, day=2)
    repo.commit("worse runs")
    assert terminal("gate", "--baseline", "main", "--store", root).code == 1
    assert terminal("gate", "--baseline", "feature", "--store", root).code == 0
    repo.git("checkout", "-q", "main")
    assert "no run is new" in terminal("gate", "--baseline", "v1", "--store", root).out


def test_json_says_all_of_it(terminal: Terminal, repo: Repo) -> None:
    root = log(repo, "new", BAD, day=2)
    done = terminal("gate", "--baseline", "v1", "--json", "--store", root)
    told = json.loads(done.out, parse_constant=pytest.fail)
    [each] = told["comparisons"]
    assert told["baseline"] == {"revision": "v1", "commit": repo.git("rev-parse", "v1")}
    assert (each["verdict"], each["metric"], each["goal"]) == ("regression", "summary.val_acc", "maximize")
    assert sorted(each["before"]["values"]) == sorted(GOOD)
    assert each["difference"] == pytest.approx(-0.02)
    assert each["interval"][0] < -0.02 < each["interval"][1] < 0
    assert each["p"] < 1e-4


def test_markdown_is_a_table_for_a_comment(terminal: Terminal, repo: Repo) -> None:
    root = log(repo, "new", BAD, day=2)
    done = terminal("gate", "--baseline", "v1", "--markdown", "--store", root)
    assert done.out.startswith("Against `v1 (")
    assert "| `digits` | `all runs` | `val_acc` |" in done.out
    assert "🔴 regression" in done.out


def test_what_cannot_be_compared_exits_with_two_and_a_hint(terminal: Terminal, repo: Repo) -> None:
    root = log(repo, "new", BAD, day=2, output_folder="elsewhere")
    done = terminal("gate", "--baseline", "v1", "--store", root)
    assert done.code == 2
    assert "--seeds" in done.err
    found = terminal("gate", "--baseline", "v1", "--seeds", "seed,config.output_folder", "--store", root)
    assert found.code == 1


def test_one_run_a_side_is_unknown_and_strict_says_so(terminal: Terminal, tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "single")
    log(repo, "old", (0.95,))
    log(repo, "other", GOOD, lr=1)
    repo.commit(tag="v1")
    root = log(repo, "new", (0.90,), day=2)
    noisy = terminal("gate", "--baseline", "v1", "--store", root)
    assert (noisy.code, "noise of the project's other runs" in noisy.out) == (1, True)
    alone = terminal("gate", "--baseline", "v1", "--filter", "config.lr < 1", "--store", root)
    assert (alone.code, "not enough runs: noise unknown" in alone.out) == (2, True)
    log(repo, "others", SAME, day=2, lr=1)
    log(repo, "diverged", (0.1,), day=2, lr=7)
    terms = ("gate", "--baseline", "v1", "--filter", "config.lr >= 1", "--store", root)
    assert terminal(*terms).code == 0
    assert terminal(*terms, "--strict").code == 0  # A configuration that the baseline lacks is new, and not unknown.
    write_run(root, "digits", "dead", (), {"lr": 1, "seed": 9, "x": 1}, state={"state": "failed", "exit_code": 1})
    write_run(root, "digits", "dead2", (), {"lr": 1, "seed": 9, "x": 1}, state={"state": "failed", "exit_code": 1})
    assert terminal(*terms).code == 0
    assert terminal(*terms, "--strict").code == 2


def test_without_new_runs_only_strict_complains(terminal: Terminal, repo: Repo) -> None:
    root = repo.top / "experiments"
    assert terminal("gate", "--baseline", "v1", "--store", root).code == 0
    assert terminal("gate", "--baseline", "v1", "--strict", "--store", root).code == 2


def test_options_choose_metrics_groups_tests_and_how_much_matters(terminal: Terminal, repo: Repo) -> None:
    root = log(repo, "new", BAD, day=2)
    ask = ("gate", "--baseline", "v1", "--store", root)
    assert terminal(*ask, "--min-effect", "5%").code == 0
    assert terminal(*ask, "--alpha", "1e-9").code == 0
    assert terminal(*ask, "--test", "permutation").code == 1
    assert terminal(*ask, "--test", "mann-whitney").code == 1
    assert terminal(*ask, "--metric", "val_acc", "--group", "config.lr").code == 1
    assert terminal(*ask, "--project", "digits", "--metric", "summary.val_acc").code == 1


def test_history_finds_the_commit_since_which_it_is_worse(terminal: Terminal, repo: Repo) -> None:
    for number in range(1, 5):
        sha = repo.commit(f"code {number}")
        root = log(repo, f"c{number}-", GOOD[:4] if number < 3 else BAD[:4], day=10 - number, commit=sha)
    for run in (root / "digits" / "runs").glob("old*"):
        write_file(run / "provenance.json", json.dumps({"git": {"commit": repo.git("rev-parse", "v1")}}))
    done = terminal("gate", "--history", "--store", root)
    culprit = repo.git("rev-parse", "HEAD~1")
    assert done.code == 1
    assert culprit[:10] in done.out
    assert "in order by the commits of their code" in done.out
    told = json.loads(terminal("gate", "--history", "--json", "--store", root).out)
    assert [each["commit"] for each in told["steps"]] == [culprit]
    assert f"`{culprit[:10]}`" in terminal("gate", "--history", "--markdown", "--store", root).out
    repo.commit(tag="v2")
    assert terminal("gate", "--history", "--baseline", "v2", "--store", root).code == 0


def test_history_of_a_store_outside_of_git_is_by_time(terminal: Terminal, tmp_path: Path) -> None:
    root = log(Repo(tmp_path), "a", GOOD)
    assert "in order by time" in terminal("gate", "--history", "--store", root).out


def test_mistakes_are_one_line(terminal: Terminal, repo: Repo) -> None:
    root = log(repo, "new", BAD, day=2)
    ask = ("gate", "--store", root)
    assert "pass --baseline with a tag, or --history" in terminal.fails(*ask)
    assert "found no commit 'v9'" in terminal.fails(*ask, "--baseline", "v9")
    assert "found no column 'colour'" in terminal.fails(*ask, "--baseline", "v1", "--group", "colour")
    assert "as the least change" in terminal.fails(*ask, "--baseline", "v1", "--min-effect", "much")
    assert "choose one" in terminal.fails(*ask, "--baseline", "v1", "--json", "--markdown")
    assert "found no project 'x'" in terminal.fails(*ask, "--baseline", "v1", "--project", "x")


def test_what_a_baseline_left_out_is_said(terminal: Terminal, repo: Repo) -> None:
    root = repo.top / "experiments"
    (root / "digits" / "runs" / "old0" / "config.d").symlink_to("/etc/passwd")
    repo.commit(tag="v2")
    assert LINK in repo.git("ls-tree", "-r", "v2")
    done = terminal("gate", "--baseline", "v2", "--store", root)
    assert "1 file of commit" in done.err
    assert "found a link" in done.err


def test_words_of_strangers_reach_neither_the_terminal_nor_the_markdown(terminal: Terminal, repo: Repo) -> None:
    root = log(repo, "new", BAD, day=2)
    for run in (root / "digits" / "runs").iterdir():
        meta = {"created": "2026-10-01T10:00:00Z", "group": "\x1b[2J@everyone | `x` <img src=x onerror=alert(1)>"}
        write_file(run / "run.yaml", json.dumps(meta))
    repo.git("commit", "-qm", "groups", "--", "experiments/digits/runs/old*")
    terms = ("gate", "--baseline", "HEAD", "--store", root)
    assert "\x1b" not in terminal(*terms).out
    shown = terminal(*terms, "--markdown").out
    assert "\x1b" not in shown
    assert "``[2J@everyone ¦ `x` <img src=x onerror=alert(1)>``" in shown


def test_a_gate_as_a_program_of_its_own(repo: Repo) -> None:
    log(repo, "new", BAD, day=2)
    done = start("gate", "--baseline", "v1", cwd=repo.top)
    assert (done.code, "1 regression" in done.out) == (1, True)
