"""Tables of a report: their rows and numbers, what is best, and their text in HTML, LaTeX and Markdown under attack."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from sitegen.reports.figures.blocks import Head, head_of, section_of
from sitegen.reports.figures.table_html import table_html, table_latex, table_markdown
from sitegen.reports.figures.tables import Cell, TableBlock, read_table
from sitegen.reports.mistakes import ReportError
from sitegen.reports.runsets import RunSetSpec
from tests.sitegen.reports.compiling import FOLDS, HOSTILE, OPTIMIZERS, Desk, accuracy
from tests.sitegen.reports.harmless import dangers
from tests.sitegen.reports.study import BASELINE, OURS, write_study
from tests.stores import write_store

SETS = {
    "folds": RunSetSpec("folds", filter="config.fold IS NOT NULL", group=("config.optimizer",)),
    "adam": RunSetSpec("adam", filter="group = 'adam'", rename={"adam-0": "First"}),
    "sgd": RunSetSpec("sgd", filter="group = 'sgd'"),
}


def table(desk: Desk, text: str, *, by_run: bool = False) -> TableBlock:
    section = section_of(text, 3)
    return read_table(section, head_of(section, 3), desk.sets(SETS), text, by_run=by_run)


def texts(found: TableBlock) -> list[list[str]]:
    return [[cell.text for cell in row] for row in found.rows]


def best(found: TableBlock) -> list[tuple[int, int]]:
    return [(r, c) for r, row in enumerate(found.rows) for c, cell in enumerate(row) if cell.is_best]


def test_rows_are_the_groups_of_the_set_with_mean_and_deviation(desk: Desk) -> None:
    found = table(desk, "runs: folds\ncolumns: [acc, {key: acc, show: count, label: Runs}]")
    assert (found.heads, found.names) == (("optimizer", "acc", "Runs"), 1)
    for row, optimizer in zip(found.rows, OPTIMIZERS, strict=True):
        values = [accuracy(optimizer, fold) for fold in FOLDS]
        assert row[0].text == optimizer
        assert row[1].value == pytest.approx(np.mean(values))
        mean, deviation = map(float, row[1].text.split(" ± "))
        assert mean == pytest.approx(np.mean(values), abs=6e-4)
        assert deviation == pytest.approx(np.std(values, ddof=1), abs=6e-4)
        assert row[2].text == "3"


@pytest.mark.parametrize(
    ("show", "expected"),
    [
        ("mean", np.mean),
        ("median", np.median),
        ("min", np.min),
        ("max", np.max),
        ("std", lambda values: np.std(values, ddof=1)),
        ("sem", lambda values: np.std(values, ddof=1) / np.sqrt(len(values))),
        ("sum", np.sum),
    ],
)
def test_a_column_shows_what_it_says(desk: Desk, show: str, expected: object) -> None:
    found = table(desk, f"runs: folds\ncolumns: [{{key: acc, show: {show}, digits: 5}}]")
    values = [accuracy("adam", fold) for fold in FOLDS]
    assert float(found.rows[0][1].text) == pytest.approx(expected(values), abs=6e-6)  # type: ignore[operator]


def test_the_numbers_of_a_study_are_those_of_numpy(tmp_path: Path) -> None:
    write_study(write_store(tmp_path / "experiments"))
    found = table(
        Desk.at(tmp_path / "experiments"), "rows: group\ncolumns: [val_acc, note]\nruns: {filter: config.fold >= 0}"
    )
    assert texts(found) == [["baseline", "0.945 ± 0.005", "fine"], ["ours", "0.959 ± 0.004", "fine"]]
    assert [row[1].value for row in found.rows] == pytest.approx([np.mean(BASELINE), np.mean(OURS)])


def test_the_best_is_that_of_the_goal(desk: Desk) -> None:
    columns = "[acc, loss, {key: acc, best: lowest}, {key: acc, best: none}, {key: loss, best: highest}]"
    found = table(desk, f"runs: folds\ncolumns: {columns}")
    assert best(found) == [(0, 1), (0, 5), (1, 3), (1, 5)]


@pytest.mark.parametrize("show", ["std", "sem", "count", "sum"])
def test_what_is_no_value_of_the_metric_has_no_best_by_itself(desk: Desk, show: str) -> None:
    assert best(table(desk, f"runs: folds\ncolumns: [{{key: acc, show: {show}}}]")) == []


def test_rows_may_be_columns_sets_or_runs(desk: Desk) -> None:
    by_fold = table(desk, "runs: folds\nrows: [config.optimizer, config.fold]\ncolumns: [acc]")
    assert [row[:2] for row in texts(by_fold)] == [[name, str(fold)] for name in OPTIMIZERS for fold in FOLDS]
    by_set = table(desk, "runs: [adam, sgd]\ncolumns: [acc]")
    assert [row[0] for row in texts(by_set)] == ["adam", "sgd"]
    by_run = table(desk, "runs: adam\nrows: runs\ncolumns: [acc]")
    assert [row[0] for row in texts(by_run)] == ["adam 2", "adam 1", "First"]
    assert by_run.heads == ("Run", "acc")


def test_values_that_are_missing_stand_behind_all_others(desk: Desk) -> None:
    found = table(desk, "rows: config.fold\ncolumns: [acc, config.optimizer]")
    assert [row[0] for row in texts(found)] == ["0", "1", "2", "(none)"]
    assert texts(found)[3][1:] == ["–", "–"]
    assert texts(found)[0][2] == "2 values"


def test_a_table_of_runs_shows_what_differs(desk: Desk) -> None:
    found = table(desk, "runs: folds\nmost: 2", by_run=True)
    assert found.heads == ("Run", "state", "optimizer", "lr", "fold", "acc", "loss")
    assert (len(found.rows), found.hidden) == (2, 4)
    html = table_html(found, None, Markup(""), "p/reports/r/index.html")
    assert '<a href="../../../p/runs/adam-2/index.html">adam 2</a>' in html
    assert "and 4 more rows" in html


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("runs: folds", 3, "found no 'columns', expected columns: a list"),
        ("columns: []", 3, "columns: found an empty list, expected a list with something in it; write [val_acc, "),
        ("columns:\n- acc\n- accc", 5, "columns[1]: found no column 'accc'"),
        ("columns:\n- {label: x}", 4, "columns[0]: found no 'key', expected key: a column, such as val_acc"),
        ("columns:\n- {key: acc, show: mode}", 4, "columns[0].show: found 'mode', expected one of mean ± std, mean, "),
        ("columns:\n- {key: acc, show: [mean]}", 4, "columns[0].show: found a list, expected one of "),
        ("columns:\n- {key: acc, digits: 99}", 4, "columns[0].digits: found 99, expected a whole number from 0 to 12"),
        ("columns:\n- {key: acc, best: most}", 4, "columns[0].best: found 'most', expected one of highest, lowest, "),
        ("columns:\n- 3", 4, "columns[0]: found 3, expected a mapping; write a key, or {key: …}"),
        ("columns: [acc]\nrows: optimiser", 4, "rows: found no column 'optimiser'"),
        ("columns: [acc]\nrows: 3", 4, "rows: found 3, expected a list with something in it; write [config.model]"),
        ("columns: [acc]\nmost: 501", 4, "most: found 501, expected a whole number from 1 to 500; write one"),
        ("columns: [acc]\nruns: none", 4, "runs: found no run set 'none'; there are: runs, folds, adam, sgd, or state"),
        ("columns: [acc]\nsort: acc", 4, "sort: found the unknown key 'sort', expected one of id caption runs rows"),
    ],
)
def test_a_mistake_says_its_line(desk: Desk, text: str, line: int, said: str) -> None:
    with pytest.raises(ReportError) as caught:
        table(desk, text)
    assert (caught.value.line, str(caught.value)[: len(said)]) == (line, said)


def one(text: str, name: str = "Run") -> TableBlock:
    """A table of one cell that is a text of anybody's."""
    cells = (Cell(text), Cell(text, 1.0, None, True))
    return TableBlock(Head(1, "tab-a", ""), (name, text), 1, (cells,), 0, (), "")


_WICKED = st.text(st.sampled_from("ab\\{}$&#^_~%±<>|*`[]()!\"'=+-@ \n\r\t\u2028é\x00/:"), max_size=30)


@given(_WICKED)
def test_no_text_becomes_markup_in_html(text: str) -> None:
    html = table_html(one(text), 1, Markup(""), "p/reports/r/index.html")
    assert [danger for danger in dangers(str(html)) if danger not in ("th scope", "div aria-label", "div role")] == []


@given(_WICKED)
def test_no_text_becomes_a_command_in_latex(text: str) -> None:
    body = table_latex(one(text), caption=text, label="tab-a")
    commands = set(re.findall(r"\\([a-zA-Z]+)", body))
    assert commands <= {
        *["begin", "end", "centering", "caption", "label", "toprule", "midrule", "bottomrule", "textbf", "pm"],
        *["textbackslash", "textasciicircum", "textasciitilde"],
    }
    row = body.split("\\midrule\n")[1].split("\\bottomrule")[0]
    assert row.count("\n") == 1
    bare = re.sub(r"\\[{}$&#_%]", "", row)
    assert bare.count("&") == 1
    assert "#" not in bare
    assert "%" not in bare
    assert bare.count("{") == bare.count("}")


@given(_WICKED)
def test_no_text_leaves_its_cell_in_markdown(text: str) -> None:
    lines = table_markdown(one(text)).splitlines()
    assert len(lines) == 3
    assert [len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) for line in lines] == [3, 3, 3]
    assert re.findall(r"(?<!\\)(?:\\\\)*[`<\[&$~]", lines[2]) == []


def test_latex_is_that_of_a_paper(desk: Desk) -> None:
    found = table(desk, "runs: folds\ncolumns: [{key: acc, label: 50% & more}]\nid: tab-a\ncaption: Both")
    latex = table_latex(found, "Both", "tab-a")
    assert r"\begin{tabular}{lr}" in latex
    assert r"optimizer & 50\% \& more \\" in latex
    assert re.search(r"adam & \$\\boldsymbol\{0\.921 \\pm 0\.010\}\$ \\\\", latex)
    assert r"sgd & $0.821 \pm 0.010$ \\" in latex


def test_markdown_is_a_table_with_the_best_in_bold(desk: Desk) -> None:
    found = table(desk, "runs: folds\ncolumns: [acc]")
    assert table_markdown(found) == (
        "| optimizer | acc |\n| :-- | --: |\n| adam | **0.921 ± 0.010** |\n| sgd | 0.821 ± 0.010 |\n"
    )


def test_a_run_with_a_hostile_name_is_text(desk: Desk) -> None:
    html = str(table_html(table(desk, "", by_run=True), None, Markup(""), "p/reports/r/index.html"))
    assert "&lt;/script&gt;&lt;script&gt;" in html
    assert HOSTILE not in html
