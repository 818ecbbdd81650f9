"""Over a store of all that goes wrong, the page and the command line mean the same by a filter and by a group."""

from itertools import product
from pathlib import Path

from runstore.errors import UsageError
from runstore.reading.query import matching
from runstore.reading.store import Project, RunRecord, read_store
from sitegen.figures import Figure, figure_lines
from tests.browser.chromium import Open
from tests.browser.pages import set_view

COLUMNS = ("config.mixed", "summary.mixed", "config.mixed.deep", "summary.mixed.deep", "config.flag", "summary.score")
CONDITIONS = (
    "IS NULL",
    "IS NOT NULL",
    "= 1",
    "= '1'",
    "!= 1",
    "> 2",
    "< 2",
    "= TRUE",
    "= 'true'",
    "= ''",
    "= '(none)'",
    "= '[]'",
    "= 'NaN'",
    "> 'a'",
    "= 1000000000000000000",
    "= '1000000000000000000'",
    "> 100000000000000000",
    "< -1e20",
    "~ '^1'",
    "~ '0{9}'",
    "~ 'deep'",
    "= '{\"deep\":1}'",
    "IN (1, 'text', '1152921504606846977')",
)
FOUND = """async (texts) => {
    const { runs } = runstore.workspace;
    await runs.ensure(runs.columns.keys());
    const frame = runstore.frame(runs);
    const found = (text) => {
        const { test } = runstore.expression.parse(text, frame);
        return runs.id.filter((_, run) => test(run, frame.value));
    };
    return texts.map((text) => {
        try { return found(text); } catch { return null; }
    });
}"""


def numbers(wicked: Path) -> Project:
    return next(project for project in read_store(wicked.parent / "experiments").projects if project.name == "numbers")


def on_the_command_line(runs: tuple[RunRecord, ...], text: str) -> list[str] | None:
    try:
        return [run.id for run in matching(runs, text)]
    except UsageError:
        return None


def test_a_filter_finds_the_same_runs_in_a_column_of_everything(wicked: Path, open_page: Open) -> None:
    texts = [" ".join(parts) for parts in product(COLUMNS, CONDITIONS)]
    page = open_page(wicked / "numbers" / "index.html", "group=")
    runs = numbers(wicked).runs
    found = dict(zip(texts, page.evaluate(FOUND, texts), strict=True))
    assert found == {text: on_the_command_line(runs, text) for text in texts}
    assert found["config.mixed > 100000000000000000"] == ["mixed17", "mixed10"]
    assert found["config.mixed ~ 'deep'"] == ["mixed12"]


def test_a_group_is_the_same_for_the_page_and_for_a_figure(wicked: Path, open_page: Open) -> None:
    page = open_page(wicked / "numbers" / "index.html", "group=config.mixed")
    shown = page.evaluate("runstore.workspace.groups.map(({ label, runs }) => [label, runs.length])")
    drawn = {line.label for line in figure_lines(numbers(wicked), Figure(["score"], group="config.mixed"))}
    counts = dict(shown)
    assert len(counts) == len(shown)
    assert drawn <= set(counts)
    for label in ("1", "'1'", "true", "'true'", "(none)", "'(none)'", "''", "1000000000000000000", '{"deep":1}'):
        assert counts[label] == 1, label


def test_a_group_that_is_hidden_hides_no_other_that_reads_like_it(wicked: Path, open_page: Open) -> None:
    page = open_page(wicked / "numbers" / "index.html", "group=config.mixed")
    for key, label in (("g:1", "1"), ("g:'1'", "'1'"), ("g:(none)", "(none)"), ("g:'(none)'", "'(none)'")):
        set_view(page, hide=[key])
        off = page.evaluate("""() => {
            const { groups, shown } = runstore.workspace;
            return groups.filter((group) => shown.isGroupOff(group)).map(({ label }) => label);
        }""")
        assert off == [label]
