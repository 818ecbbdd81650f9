"""A report compiled: numbers, references, links, claims; a mistake in one place leaves the rest, and nobody's text is
more than text."""

import json
import re
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitegen.data.shards import shard
from sitegen.drawings.drawing import UndrawableError
from sitegen.drawings.panels import drawings
from sitegen.reports.figures.blocks import MOST
from sitegen.reports.figures.drawn import workspace_link
from sitegen.reports.page import figure_spec, report_page
from sitegen.reports.report import Report
from tests.media_files import png
from tests.sitegen.reports.compiling import HOSTILE, SWEEP, Desk, write_store_of_reports
from tests.sitegen.reports.harmless import dangers
from tests.stores import write_file

PANEL = "```panel\ntype: line\nmetrics: acc\n{}```\n"
OWN = {
    *(
        "figure id",
        "div data-grid",
        "div data-columns",
        "div data-rows",
        "<button>",
        "button type",
        "button data-figure-csv",
    ),
    *("th scope", "div aria-label", "a target", "span data-label"),
}
"""What our own figures and tables hold beside what a text may."""


def text_of(report: Report) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", str(report.html)))


def troubles(report: Report) -> list[str]:
    return [danger for danger in dangers(str(report.html)) if danger not in OWN]


@pytest.fixture
def own(tmp_path: Path) -> Desk:
    """A store of its own, for tests that put files beside reports."""
    return Desk.at(write_store_of_reports(tmp_path / "experiments"))


def test_figures_tables_equations_and_images_are_numbered_in_their_order(own: Desk) -> None:
    write_file(own.root / "p/reports/a.png", png(4, 2, lambda x, y: (x, y, 0)))
    write_file(own.root / "p/reports/s.bib", "@misc{box, author={Box, George}, title={T}, year=1964}")
    text = (
        "---\nbibliography: s.bib\n---\n"
        "@fig-b before, @tab-a, @eq-x, @fig-a, @fig-c\n\n"
        + PANEL.format("id: fig-a\ncaption: First, {{ 1 + 1 }}, [@box] and @fig-b\n")
        + "\n![An image](a.png){#fig-b}\n\n$$\nx\n$$ {#eq-x}\n\n"
        + PANEL.format("")
        + "\n```table\ncolumns: [acc]\nid: tab-a\n```\n\n"
        + PANEL.format("caption: Nobody cites it\n")
        + "\n```runs\ncaption: All\n```\n\n"
        + PANEL.format("id: fig-c\n")
    )
    report = own.report(text)
    assert report.problems == []
    said = text_of(report)
    assert said.startswith("Figure 2 before, Table 1, Equation 1, Figure 1, Figure 4")
    assert "Figure 1. First, 2, [1] and Figure 2" in said
    assert "Figure 3. Nobody cites it" in said
    assert "Table 2. All" in said
    assert [drawn.number for drawn in report.grids] == [1, None, 3, 4]
    assert [(len(table.rows), number) for table, number in report.tables] == [(7, 1), (7, 2)]
    assert 'href="#fig-b"' in report.html
    assert report.html.count('id="fig-a"') == 1
    assert next(iter(report.images.values())).width == 4
    assert report.html.count('<li id="cite-1">') == 1


def test_an_id_that_stands_twice_is_a_mistake_at_the_second(desk: Desk) -> None:
    text = PANEL.format("id: fig-a\n") + "\n" + PANEL.format("id: fig-a\n")
    assert desk.mistakes(text) == [
        (8, "found the id 'fig-a' twice; give each figure, table and equation its own"),
    ]


def test_cross_links_lead_to_all_that_has_a_page(desk: Desk) -> None:
    names = {
        "adam-0": "../../../p/runs/adam-0/index.html",
        "sgd 1": "../../../p/runs/sgd-1/index.html",
        "runs/adam-1": "../../../p/runs/adam-1/index.html",
        "q": "../../../q/index.html",
        "q/only": "../../../q/runs/only/index.html",
        "p/sgd 2": "../../../p/runs/sgd-2/index.html",
        f"tune/sweeps/{SWEEP}": f"../../../tune/sweeps/{SWEEP}/index.html",
        "{{ runs.best('acc').id }}": "../../../p/runs/adam-2/index.html",
    }
    for name, href in names.items():
        report = desk.report(f"[[{name}]]")
        assert report.problems == [], name
        assert f'href="{href}"' in report.html


@pytest.mark.parametrize(
    "name", ["nothing", "../p", "p/../q", "runs/", "tune/sweeps/x", "reports/x", "{{ 1/0 }}", "{{"]
)
def test_a_cross_link_to_nothing_is_a_mistake_in_its_line(desk: Desk, name: str) -> None:
    assert [line for line, _ in desk.mistakes(f"first\n\n[[{name}]]")] == [3]


def test_a_report_outside_of_projects_names_what_it_speaks_of(desk: Desk) -> None:
    text = "---\nruns: {ours: {project: p}, other: {project: q}}\n---\n{{ ours.count() }} [[p/adam-0]] [[q/only]]\n\n"
    text += PANEL.format("runs: ours\n") + "\n```panel\ntype: scalar\ncolumn: acc\nruns: other\n```\n"
    file = desk.file(text)
    report = desk.report(text, project="")
    assert [problem.message for problem in report.problems] == []
    assert 'href="../../p/runs/adam-0/index.html"' in report.html
    assert [each["name"] for each in (report.payload or {})["projects"]] == ["p", "q"]
    assert file.speaks_of == ["p", "q"]


def test_the_payload_has_the_runs_of_each_figure(desk: Desk) -> None:
    text = (
        "---\nruns:\n"
        "  sgd: {filter: \"group = 'sgd'\", group: config.fold, order: -summary.acc, rename: {sgd-0: First}}\n"
        "  adam: {filter: \"group = 'adam'\", rename: {adam-0: Second}}\n---\n"
        + PANEL.format("runs: sgd\n")
        + "\n"
        + PANEL.format("runs: [sgd, adam]\n")
        + f"\n```panel\ntype: trials\nsweep: tune/{SWEEP}\n```\n"
    )
    report = desk.report(text)
    runs = desk.plan.subjects["p"].project.runs
    payload = report.payload or {}

    def named(at: int, number: int) -> list[str]:
        ranges = payload["grids"][at]["sets"][number]["runs"]
        return sorted(runs[place].id for first, last in ranges for place in range(first, last + 1))

    assert report.problems == []
    assert named(0, 0) == named(1, 0) == ["sgd-0", "sgd-1", "sgd-2"]
    assert named(1, 1) == ["adam-0", "adam-1", "adam-2"]
    assert (payload["grids"][0]["group"], payload["grids"][0]["sort"]) == ("config.fold", "-summary.acc")
    assert payload["grids"][1]["group"] == ""
    assert payload["grids"][1]["names"] == {"sgd-0": "First", "adam-0": "Second"}
    assert payload["grids"][2]["sweep"] == f"tune/{SWEEP}"
    assert [each["id"] for each in payload["sweeps"]] == [SWEEP]
    assert figure_spec(report, 0)["runs"] == {"sgd": ["sgd-2", "sgd-1", "sgd-0"]}
    links = re.findall(r'<a href="(\.\./[^"]*#[^"]*)"', str(report.html))
    assert links[0].startswith("../../../p/index.html#filter=group%20%3D%20%27sgd%27&amp;group=config.fold&amp;sort=")


def test_claims_that_fail_are_problems_with_their_lines(desk: Desk) -> None:
    text = """---
runs: {sgd: {filter: "group = 'sgd'"}}
checks:
  - {check: count() of sgd = 3, claim: Three folds}
  - {check: mean(acc) of sgd > 0.9, claim: It is good}
  - mean(
---
# Heading with [a claim]{check="count() = 7"}

[Another one]{check="count() = 8"} and [no claim]{check="nothing"}
"""
    report = desk.report(text)
    assert [(claim.verdict.state, claim.line, claim.is_inline) for claim in report.claims] == [
        ("holds", 4, False),
        ("fails", 5, False),
        ("unknown", 6, False),
        ("holds", 8, True),
        ("fails", 10, True),
        ("unknown", 10, True),
    ]
    assert [problem.line for problem in report.problems] == [5, 6, 10, 10]
    assert report.problems[0].message.startswith("the claim 'mean(acc) of sgd > 0.9' does not hold: 0.82")
    assert report.problems[0].path == "p/reports/text.md"


def test_one_bad_block_leaves_the_rest(desk: Desk) -> None:
    text = (
        PANEL.format("id: fig-a\n")
        + "\n```panel\ntype: lime\n```\n\n{{ 1/0 }} [[nothing]] @fig-z\n\n"
        + "```table\ncolumns: [accc]\n```\n\n"
        + PANEL.format("id: fig-b\n")
        + "\n@fig-b\n"
    )
    report = desk.report(text)
    assert [problem.line for problem in report.problems] == [8, 11, 11, 11, 14]
    assert len(report.grids) == 2
    assert report.html.count('class="report-mistake"') == 2
    assert "Figure 2" in text_of(report)


BROKEN_SET = """---
runs:
  high: {filter: config.lr > 9}
  few: {limit: many}
  ours: {filter: "group = 'adam'", order: -acc}
checks:
  - mean(acc) of ours > 0.5
  - mean(acc) of high > 0.5
  - p_value(acc, few, ours) < 0.5
---
"""


def test_a_set_that_is_wrong_is_told_once_at_its_own_line_and_where_it_is_used(desk: Desk) -> None:
    used = PANEL.format("runs: high\n") + "\n```table\ncolumns: [acc]\nruns: few\ncaption: '{{ few.count() }}'\n```\n\n"
    values = (
        "{{ high.count() }} {{ few.first.id }} {{ difference(ours, high, 'acc') }} [[{{ high.best('acc').id }}]]\n\n"
    )
    claims = "[so]{check='mean(acc) of high > 0.5'}\n"
    report = desk.report(BROKEN_SET + used + values + claims)
    assert [(problem.line, problem.message) for problem in report.problems] == [
        (3, "the run set 'high' is empty: no run of p fulfils 'config.lr > 9'; change its filter, or log such runs"),
        (4, "runs.few.limit: found 'many', expected a whole number from 1 up; write one"),
    ]
    said = unescape(text_of(report))
    assert said.count("the run set 'high' has a mistake in line 3") == 5
    assert "Line 18: the run set 'few' has a mistake in line 4" in said
    assert [claim.verdict.state for claim in report.claims] == ["holds", "unknown", "unknown", "unknown"]


def test_a_set_that_is_wrong_leaves_the_others(desk: Desk) -> None:
    report = desk.report(
        BROKEN_SET + "{{ ours.first.id }} {{ ours.count() }} {{ runs.count() }}\n\n" + PANEL.format("runs: ours\n")
    )
    assert "adam-2 3 7" in text_of(report)
    assert [run.id for run in report.grids[0].grid.sets[0].runs] == ["adam-2", "adam-1", "adam-0"]
    assert (report.payload or {})["grids"][0]["sort"] == "-summary.acc"


def test_a_panel_that_is_wrong_shows_its_mistake_between_its_neighbours(desk: Desk) -> None:
    text = "```panels\ncolumns: 3\nid: fig-a\npanels:\n  - {type: bar, column: acc}\n"
    text += "  - {type: bar, column: '`nope` **x**', width: 2}\n  - {typ: bar}\n  - {type: scalar, column: acc}\n```\n"
    report = desk.report(text + "@fig-a\n")
    assert [problem.line for problem in report.problems] == [6, 7]
    assert "found no column" in report.problems[0].message
    shown = (report.payload or {})["grids"][0]["panels"]
    assert [each["kind"] for each in shown] == ["bar", "markdown", "markdown", "scalar"]
    assert shown[1]["set"]["text"] == f"**Line 6**\n\n`` {report.problems[0].message} ``"
    assert shown[1]["size"][0] == 2
    assert "found no column" not in workspace_link(report.grids[0].grid, report.file.page)
    drawn = drawings(report.grids[0], desk.plan.subjects["p"])
    assert [str(each) for each in drawn if isinstance(each, UndrawableError)] == [
        problem.message for problem in report.problems
    ]


def test_a_report_has_no_end_of_blocks(desk: Desk) -> None:
    report = desk.report("```panel\ntype: comparer\n```\n\n" * (MOST + 2))
    assert len(report.grids) == MOST
    assert [problem.message for problem in report.problems] == [
        f"found more than {MOST} panels and tables; split the report"
    ] * 2


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("../../../etc/passwd", "leads out of the reports' folder"),
        ("/etc/passwd", "leads out of the reports' folder"),
        ("link.bib", "it is a link; put the file itself there"),
        ("folder/s.bib", "there is no such file"),
        ("http://example.org/s.bib", "a file elsewhere; put a copy beside the report"),
        ("gone.bib", "there is no such file; correct the path, or add the file"),
        ("a\\0b", "expected a file below the report's folder; correct the path"),
    ],
)
def test_sources_lie_beside_the_report_and_nowhere_else(own: Desk, tmp_path: Path, file: str, said: str) -> None:
    outside = write_file(tmp_path / "outside" / "s.bib", "@misc{box, title={Secret}}")
    folder = own.root / "p/reports"
    folder.mkdir(exist_ok=True)
    (folder / "link.bib").symlink_to(outside)
    (folder / "folder").symlink_to(outside.parent)
    report = own.report(f'---\nbibliography: "{file}"\n---\ntext [@box]\n')
    assert any(said in problem.message and problem.line == 2 for problem in report.problems)
    assert "Secret" not in report.html


def test_an_image_is_never_read_through_a_link(own: Desk, tmp_path: Path) -> None:
    outside = write_file(tmp_path / "outside.png", png(3, 3, lambda x, y: (0, 0, 0)))
    (own.root / "p/reports").mkdir(exist_ok=True)
    (own.root / "p/reports/a.png").symlink_to(outside)
    report = own.report("![a](a.png)")
    assert report.images == {}
    assert [problem.line for problem in report.problems] == [1]


ATTACKS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "[a](javascript:alert(1))",
    "[a](JaVaScRiPt&colon;alert(1))",
    "[a](data:text/html,<script>alert(1)</script>)",
    "![a](javascript:alert(1))",
    "<javascript:alert(1)>",
    "[a]: javascript:alert(1)\n\n[a]",
    "[[<script>alert(1)</script>]]",
    "{{ '<script>alert(1)</script>' }}",
    "{{ runs.where(\"id = 'hostile'\").first.name }}",
    "{{ runs.where(\"id = 'hostile'\").first.config.kind }}",
    "[[hostile]]",
    '[<b onclick=x>]{check="count() = 1"}',
    '# <script>alert(1)</script> {#x"onload=1}',
    "```<script>\n<script>\n```",
    '```panel\ntype: "<script>alert(1)</script>"\n```',
    '```panel\ntype: scalar\ncolumn: acc\ncaption: "<script>alert(1)</script> [a](javascript:x)"\nid: fig-a\n```',
    '```panel\ntype: scalar\ncolumn: acc\nid: "fig-a\\" onload=x"\n```',
    '```table\ncolumns: [{key: acc, label: "<script>"}]\ncaption: "<script>"\n```',
    "```runs\n```",
    "```panel\ntype: line\nmetrics: other\nruns: {ids: [hostile]}\n```",
    "> [!NOTE] <script>alert(1)</script>",
    "[^<script>]\n\n[^<script>]: <script>",
    "$<script>alert(1)</script>$ $\\href{javascript:alert(1)}{x}$",
)


@pytest.mark.parametrize("text", ATTACKS)
def test_nothing_of_a_report_becomes_a_script(desk: Desk, text: str) -> None:
    report = desk.report(f"---\ntitle: {json.dumps(text)}\nauthors: [{json.dumps(text)}]\n---\n\n{text}\n")
    assert troubles(report) == []
    assert "<script" not in report.html
    page = report_page(report, None, None)  # type: ignore[arg-type]
    assert "<script" not in page.html


def test_the_data_of_figures_are_no_code(desk: Desk) -> None:
    text = "---\nruns: {runs: {rename: {adam-0: " + json.dumps(HOSTILE) + "}}}\n---\n"
    text += "```panel\ntype: vega\nspec: {mark: point, title: " + json.dumps(HOSTILE) + "}\ntitle: '</script>'\n```\n"
    report = desk.report(text)
    assert report.problems == []
    written = shard("report", report.payload).decode()
    assert json.loads(written.removeprefix('runstore.put("report",').removesuffix(");\n")) == report.payload


_PIECES = st.sampled_from(
    [
        *(
            "text ",
            "\n",
            "\n\n",
            "# ",
            "- ",
            "> ",
            "1. ",
            "    ",
            "`",
            "```",
            "~~~",
            "---\n",
            "***",
            "[",
            "]",
            "(",
            ")",
        ),
        *("{{ ", " }}", "{%", "runs.mean('acc')", "runs", "[[", "]]", "adam-0", "@fig-a", "[@a]", "$", "$$", "\\frac"),
        *('{check="', 'count() = 3"}', "{#fig-a}", "![a](", "a.png)", "<b>", "&lt;", "[^1]", "[^1]: ", "!!! note\n"),
        *(
            "```panel\n",
            "```table\n",
            "```runs\n",
            "```panels\n",
            "type: line\n",
            "metrics: [acc]\n",
            "columns: [acc]\n",
        ),
        *("runs: sgd\n", "runs: {filter: x}\n", "id: fig-a\n", "caption: @fig-a\n", "panels:\n", "  - {type: bar}\n"),
        *(
            "title: a\n",
            "checks: [a]\n",
            "as_of: x\n",
            "\x00",
            "\ufeff",
            "\u2028",
            "é",
            "\t",
            "|a|b|\n|-|-|\n",
            "a: *b\n",
        ),
    ]
)


@given(
    st.lists(_PIECES, max_size=25).map("".join), st.lists(_PIECES, max_size=6).map("".join), st.sampled_from(["p", ""])
)
def test_any_text_compiles_and_its_mistakes_stand_in_its_lines(desk: Desk, body: str, front: str, project: str) -> None:
    text = f"---\n{front}\n---\n{body}" if front else body
    report = desk.report(text, project)
    assert troubles(report) == []
    last = len(re.split(r"\r\n|\r|\n", text))
    for problem in report.problems:
        assert 0 <= problem.line <= last
        assert "\n" not in problem.message
    if report.payload:
        shard("report", report.payload)
