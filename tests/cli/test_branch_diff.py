"""`runstore diff BASE..HEAD`: what a branch does to a store, as a table, as JSON and as a comment that is safe."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from runstore.manage.markdown import LONGEST, code, cut, table
from runstore.manage.sparks import spark_svg, spark_text
from tests.cli.terminal import Terminal
from tests.repositories import Repo
from tests.stores import curve, write_file, write_run, write_store

FINISHED = {"state": "finished", "exit_code": 0, "finished": "2026-10-01T10:30:00Z"}
_MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def log(root: Path, run_id: str, accuracy: float, project: str = "digits", **meta: object) -> Path:
    rows = [{"val_acc": accuracy * step / 9, "_step": step} for step in range(10)]
    created = {"created": "2026-10-01T10:00:00Z"}
    seed = {"lr": 0.1, "seed": run_id}
    return write_run(root, project, run_id, rows, seed, created | meta, FINISHED)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """`main` with a project of three runs, and `feature`, checked out, which adds, changes and removes."""
    made = Repo.init(tmp_path / "project")
    root = write_store(made.top / "experiments")
    write_file(root / ".gitignore", ".cache/\n")
    for number, accuracy in enumerate((0.90, 0.91, 0.92)):
        log(root, f"old{number}", accuracy, group="mlp")
    write_run(root, "attic", "dusty", curve(2))
    write_file(root / "digits" / "reports" / "intro.md", "# Hello\n")
    write_file(root / "digits" / "sweeps" / "s1" / "sweep.yaml", "method: grid\n")
    made.commit("base")
    made.git("checkout", "-q", "-b", "feature")
    for number, accuracy in enumerate((0.96, 0.97, 0.965)):
        log(root, f"new{number}", accuracy, group="cnn", name=f"cnn {number}")
    log(root, "old1", 0.91, group="mlp", notes="the best of its kind")
    made.git("rm", "-rq", "experiments/digits/runs/old2", "experiments/attic")
    write_file(root / "speech" / "runs" / "wav" / "history.jsonl", '{"wer": 0.3}\n')
    write_file(root / "digits" / "reports" / "intro.md", "# Hello again\n")
    write_file(root / "digits" / "reports" / "more.md", "# More\n")
    write_file(root / "reports" / "both.md", "# Both\n")
    write_file(root / "digits" / "sweeps" / "s2" / "sweep.yaml", "method: grid\n")
    made.commit("feature")
    return made


def told(terminal: Terminal, repo: Repo, asked: str) -> dict[str, object]:
    done = terminal("diff", asked, "--json", "--store", repo.top / "experiments")
    assert done.code == 0
    found: dict[str, object] = json.loads(done.out, parse_constant=pytest.fail)
    return found


def test_a_branch_adds_changes_and_removes(terminal: Terminal, repo: Repo) -> None:
    found = told(terminal, repo, "main..feature")
    assert (found["base"], found["head"]) == (repo.git("rev-parse", "main"), repo.git("rev-parse", "feature"))
    projects = {project["name"]: project for project in found["projects"]}  # type: ignore[attr-defined]
    assert {name: project["what"] for name, project in projects.items()} == {
        "attic": "removed",
        "digits": None,
        "speech": "added",
    }
    digits = projects["digits"]
    assert {run["id"]: (run["what"], run["facts"]) for run in digits["runs"]} == {
        "new0": ("added", []),
        "new1": ("added", []),
        "new2": ("added", []),
        "old1": ("changed", ["notes"]),
        "old2": ("removed", []),
    }
    assert digits["groups"] == {"added": ["cnn"], "changed": ["mlp"], "removed": []}
    assert digits["sweeps"] == {"added": ["s2"], "changed": [], "removed": []}
    assert digits["reports"] == {"added": ["more"], "changed": ["intro"], "removed": []}
    assert found["reports"] == {"added": ["both"], "changed": [], "removed": []}
    [best] = digits["best"]
    assert (best["metric"], best["run"]) == ("summary.val_acc", "new1")
    assert (best["before"], best["now"]) == (pytest.approx(0.92), pytest.approx(0.97))
    [comparison] = found["comparisons"]  # type: ignore[misc]
    assert (comparison["verdict"], comparison["after"]["count"]) == ("improvement", 3)


def test_the_working_tree_is_the_other_side_where_none_is_named(terminal: Terminal, repo: Repo) -> None:
    assert told(terminal, repo, "feature..")["projects"] == []
    log(repo.top / "experiments", "fresh", 0.5)
    found = told(terminal, repo, "feature..")
    assert found["head"] is None
    [project] = found["projects"]  # type: ignore[misc]
    assert [run["id"] for run in project["runs"]] == ["fresh"]


def test_three_dots_compare_with_what_both_have_grown_from(terminal: Terminal, repo: Repo) -> None:
    repo.git("checkout", "-q", "main")
    log(repo.top / "experiments", "meanwhile", 0.93)
    repo.commit("main goes on")
    assert "meanwhile" in json.dumps(told(terminal, repo, "main..feature"))
    assert "meanwhile" not in json.dumps(told(terminal, repo, "main...feature"))
    repo.git("merge", "-q", "-m", "merged", "feature")
    merged = told(terminal, repo, "feature..main")
    assert "meanwhile" in json.dumps(merged)
    assert "new0" not in json.dumps(merged["projects"])


def test_a_detached_clone_as_ci_has_it_compares_with_the_remotes_branch(
    terminal: Terminal, repo: Repo, tmp_path: Path
) -> None:
    clone = Repo(tmp_path / "clone")
    repo.git("clone", "-q", repo.top, clone.top)
    clone.git("checkout", "-q", "--detach", "origin/feature")
    asked = terminal("diff", "origin/main...", "--json", "--store", clone.top / "experiments")
    assert json.loads(asked.out)["projects"] == told(terminal, repo, "main..feature")["projects"]
    assert terminal("gate", "--baseline", "origin/main", "--store", clone.top / "experiments").code == 0


def test_the_terminal_shows_runs_verdicts_and_reports(terminal: Terminal, repo: Repo) -> None:
    done = terminal("diff", "main..feature", "--store", repo.top / "experiments")
    assert done.code == 0
    for part in ("cnn 1", "changed: notes", "improvement", "added: report digits/more", "removed: sweep digits/s2"):
        assert (part in done.out) == (not part.startswith("removed: sweep")), part
    assert "4 runs added, 1 run changed, 2 runs removed" in done.out.splitlines()[-1]


def test_the_comment_has_tables_curves_and_lists(terminal: Terminal, repo: Repo) -> None:
    shown = terminal("diff", "main..feature", "--markdown", "--store", repo.top / "experiments").out
    assert "### `digits`" in shown
    assert "### `speech` (added)" in shown
    assert "- best `val_acc`: 0.92 → 0.97 (`new1`)" in shown
    assert "| `cnn 1` `new1` | added | `cnn` | finished | 0.97 | ▁" in shown
    assert "Reports: added `more`; changed `intro`" in shown
    assert "Reports about several projects: added `both`" in shown


def test_pictures_are_small_svg_files_that_the_comment_refers_to(
    terminal: Terminal, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ask = ("diff", "main..feature", "--markdown", "--store", repo.top / "experiments", "--pictures")
    shown = terminal(*ask, "out/pictures").out
    references = re.findall(r"!\[curve\]\((out/pictures/[0-9a-f]{16}\.svg)\)", shown)
    assert len(references) == 4
    for reference in references:
        picture = ElementTree.fromstring((tmp_path / reference).read_bytes())
        assert [child.tag.rpartition("}")[2] for child in picture] == ["polyline"]
    assert terminal(*ask, "out/pictures").out == shown
    assert str(tmp_path) not in terminal(*ask, tmp_path / "absolute").out
    elsewhere = terminal(*ask, "out", "--pictures-url", "https://example.org/a b/)<x>").out
    assert "](https://example.org/a%20b/%29%3Cx%3E/" in elsewhere


def test_a_base_before_there_was_a_store_adds_everything(terminal: Terminal, repo: Repo) -> None:
    repo.git("checkout", "-q", "--orphan", "empty")
    repo.git("rm", "-rqf", ".")
    write_file(repo.top / "README", "hello\n")
    repo.commit("no store")
    repo.git("checkout", "-q", "feature")
    projects = told(terminal, repo, "empty..feature")["projects"]
    assert {project["what"] for project in projects} == {"added"}  # type: ignore[attr-defined]


def test_mistakes_are_one_line(terminal: Terminal, repo: Repo) -> None:
    root = repo.top / "experiments"
    assert "found no commit 'gone'" in terminal.fails("diff", "gone..", "--store", root)
    assert "write BASE..HEAD" in terminal.fails("diff", "..main", "--store", root)
    assert "go with revisions" in terminal.fails("diff", "old0", "old1", "--markdown", "--store", root)
    assert "goes with --markdown" in terminal.fails("diff", "main..", "--pictures", "x", "--store", root)
    assert "pass both" in terminal.fails("diff", "main..", "--markdown", "--pictures-url", "x", "--store", root)
    assert "choose one" in terminal.fails("diff", "main..", "--markdown", "--json", "--store", root)
    assert "expected two or more" in terminal.fails("diff", "old0", "--store", root)
    repo.git("checkout", "-q", "--orphan", "other")
    repo.commit("unrelated")
    assert "no commit in common" in terminal.fails("diff", "main...other", "--store", root)


def test_a_run_whose_id_holds_two_dots_is_a_run(terminal: Terminal, repo: Repo) -> None:
    log(repo.top / "experiments", "a..b", 0.5)
    assert "found one run" in terminal.fails("diff", "a..b", "--store", repo.top / "experiments")


# What strangers write


def tokens(text: str) -> Iterator[Token]:
    for token in _MARKDOWN.parse(text):
        yield token
        yield from token.children or ()


WORDS = (
    "<script>alert(1)</script>",
    "@everyone please look",
    "![x](https://example.org/track.png)",
    "[click](javascript:alert(1))",
    "a | b | c",
    "a\\",
    "a\\|`@team`\\",
    "``` fence ```",
    "`",
    "``",
    "`` ` ``",
    "line\nbreak\r\n\r\n# heading",
    "\u202egnirts\u202c \u200b\ud800",
    "<!-- hidden -->",
    "&lt;img&gt; &#64;team",
    "https://example.org/phish",
    "#1 GH-1 fixes #2",
    "",
)


@pytest.mark.parametrize("word", WORDS)
def test_a_strangers_word_is_code_in_a_sentence_and_in_a_cell(word: str) -> None:
    assert_inert(word)


@given(st.text(alphabet=st.sampled_from("`|\\<>@!#[]()&*_~ \n\tab\u202e"), max_size=40))
def test_any_text_is_code_in_a_sentence_and_in_a_cell(word: str) -> None:
    assert_inert(word)


def assert_inert(word: str) -> None:
    """The word is one span of code wherever it stands, and what stands behind it is what it was."""
    sentence = [token for token in tokens(f"before {code(word)} behind") if token.type != "inline"]
    assert [token.type for token in sentence if token.type not in ("paragraph_open", "paragraph_close")] in (
        ["text", "code_inline", "text"],
        ["text"],  # Nothing to show is a dash.
    )
    rows = "\n".join(table(["A", "B"], [[code(word), "behind"]]))
    cells = [token for token in _MARKDOWN.parse(rows) if token.type == "inline"][2:]
    assert len(cells) == 2
    assert [child.type for child in cells[0].children or ()] in (["code_inline"], ["text"])
    assert cells[1].content == "behind"
    assert "|" not in code(word)
    assert "\n" not in code(word)


def test_a_comment_of_a_hostile_branch_holds_no_markup_of_theirs(terminal: Terminal, repo: Repo) -> None:
    root = repo.top / "experiments"
    for number, word in enumerate(word.replace("\ud800", "?") for word in WORDS):
        log(root, f"evil{number}", 0.5, name=word, group=f"{number} {word!r}", notes=word)
    write_file(root / "digits" / "reports" / "<img src=x onerror=alert(1)>@team.md", "# x\n")
    done = terminal("diff", "feature..", "--markdown", "--store", root)
    assert done.code == 0
    kinds = {token.type for token in tokens(done.out)}
    assert not kinds & {"html_block", "html_inline", "link_open", "image", "fence", "code_block", "em_open"}
    for token in tokens(done.out):
        if token.type == "text":
            assert not re.search(r"@\w|<|javascript|https?:|#\d", token.content), token.content


def test_a_long_comment_is_cut_between_lines_and_says_so(terminal: Terminal, repo: Repo) -> None:
    root = repo.top / "experiments"
    for number in range(40):
        for project in range(15):
            log(root, f"r{number}-{'x' * 50}", 0.5, project=f"p{project}-{'y' * 90}", name="z" * 110, group="g" * 90)
    shown = terminal("diff", "feature..", "--markdown", "--store", root).out
    assert len(shown) <= LONGEST
    assert "… and 10 more runs" in shown
    assert re.search(r"_Cut here: \d+ more lines\.", shown.splitlines()[-1])


@given(st.lists(st.text(alphabet="ab", max_size=30), max_size=30), st.integers(200, 400))
def test_cut_text_is_never_longer_and_never_cuts_a_line(lines: list[str], longest: int) -> None:
    shown = cut(lines, longest)
    assert len(shown) <= longest
    if "_Cut here" not in shown:
        assert shown == "\n".join(lines) + "\n"
        return
    kept = shown.split("\n\n_Cut here")[0]
    assert "\n".join(lines).startswith(f"{kept}\n")
    assert f"Cut here: {len(lines) - kept.count(chr(10)) - 1} more" in shown


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=200))
def test_any_curve_has_a_sparkline_and_a_picture(values: list[float]) -> None:
    text, picture = spark_text(values), ElementTree.fromstring(spark_svg(values))
    assert len(text) == (min(len(values), 16) if len(values) > 1 else 0)
    assert set(text) <= set("▁▂▃▄▅▆▇█")
    points = [float(part) for line in picture for part in re.split(r"[ ,]", line.get("points") or "0")]
    assert all(0 <= point <= 120 for point in points)
    assert spark_svg(values) == spark_svg(values)


def test_a_rising_curve_rises() -> None:
    assert spark_text(range(8)) == "▁▂▃▄▅▆▇█"
