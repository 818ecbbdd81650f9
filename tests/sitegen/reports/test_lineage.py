"""The lineage of an artifact in a report."""

from pathlib import Path

import pytest

import runstore
from sitegen.build import build_site
from sitegen.exports.saving import export_report
from tests.stores import write_file

BLOCK = "```lineage\nartifact: data\ncaption: Who made what.\nid: fig-data\n```\n"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    root = tmp_path / "experiments"
    content = write_file(tmp_path / "data.csv", "a,b\n1,2\n")
    with runstore.init(project="p", name="maker <b>", id="maker", dir=root) as run:
        made = runstore.Artifact("data", "dataset")
        made.add_file(str(content))
        run.log_artifact(made)
    with runstore.init(project="p", name="reader", id="reader", dir=root) as run:
        run.use_artifact("data:latest")
    return root


def page(store: Path, tmp_path: Path, text: str) -> tuple[str, list[str]]:
    """The report's page, and what is wrong with it."""
    write_file(store / "p/reports/lineage.md", text)
    done = build_site(store, tmp_path / "site")
    return (done.out / "p/reports/lineage/index.html").read_text(), [str(each) for each in done.problems]


def test_a_figure_leads_to_the_versions_and_to_the_runs_on_both_sides(store: Path, tmp_path: Path) -> None:
    text, problems = page(store, tmp_path, BLOCK)
    assert not problems
    assert "/artifacts/data/index.html#v0" in text
    assert "runs/maker/index.html" in text
    assert "runs/reader/index.html" in text
    assert "maker &lt;b&gt;" in text
    assert '<span class="figure-number">Figure 1.</span>' in text


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ("artifact: dat", "line 2: artifact: found no artifact 'dat', expected the name of one; did you mean 'data'?"),
        (
            "artifact: q/data",
            "line 2: artifact: found no artifact 'data', expected the name of one; the project has none",
        ),
        ("most: 3", "line 2: found no 'artifact'"),
        ("artifact: data\nmost: 0", "line 3: most: found 0, expected a whole number from 1 to 30"),
        ("artifact: data\ndepth: 3", "line 3: depth: found the unknown key 'depth'"),
    ],
)
def test_a_mistake_names_its_line_and_the_mend(store: Path, tmp_path: Path, block: str, said: str) -> None:
    text, problems = page(store, tmp_path, f"```lineage\n{block}\n```\n")
    assert len(problems) == 1
    assert said in problems[0]
    assert 'class="report-mistake"' in text


def test_an_export_has_it_as_a_table(store: Path, tmp_path: Path) -> None:
    page(store, tmp_path, BLOCK)
    export_report(store, "lineage", tmp_path / "lineage.md")
    assert "| v0, latest | maker \\<b\\> | reader |" in (tmp_path / "lineage.md").read_text()
