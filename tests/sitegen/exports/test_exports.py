"""Reports as files: one HTML file, LaTeX, Markdown, a zip, single tables; and what attacks make of them."""

import base64
import io
import json
import re
import subprocess
import zipfile
from pathlib import Path

import pytest

from runstore.errors import StoreError, UsageError
from sitegen.exports import single
from sitegen.exports.opening import opened
from sitegen.exports.pdf import find_browser
from sitegen.exports.saving import export_report
from sitegen.exports.sources import harmless
from sitegen.exports.tables import table_of
from sitegen.media_types import FILMS, IMAGES, SOUNDS
from sitegen.reports.writing.as_latex import is_plain_math
from tests.media_files import stored, table
from tests.sitegen.reports.compiling import HOSTILE, write_store_of_reports
from tests.stores import write_file, write_run, write_store

TEXT = r"""---
title: "Adam & co: \\input{x} 100%"
authors: ["A_B", "C # D"]
date: 2026-11-01
description: "50 % of $5"
bibliography: refs.bib
---

## One {{ runs.best('acc').name }}

*Soft* **strong** ~~gone~~ `\input{/etc/passwd}` and 5 % of #1 & $x^2 + \frac{1}{2}$, see @fig-acc, @tab-all, @eq-one
and [@knuth1984, p. 3]. A [link](https://example.org/a_b?c=1&d=2%20#e), [[adam-1]], [the table](#tab-all).[^1]

[^1]: A note with \write18{id}.

$$
a = b
$$ {#eq-one}

$$
\begin{align} \argmax_x f &= \mathbbm{1} \\ \bm{x} &\coloneqq \begin{bmatrix}a\\b\end{bmatrix}^\top \end{align}
$$

$$
\input{/etc/passwd}
$$

- one
- [x] two
  1. [three]
  2. four

> [!WARNING] Careful
> 100 % sure

| a | b |
| - | - |
| [x] | \input{y} |

```python
\end{verbatim} \input{/etc/passwd} # 100 %
```

```panel
type: line
metrics: [acc]
id: fig-acc
caption: Accuracy of 100 % & _more_, see @tab-all
runs: {filter: summary.acc > 0, group: config.optimizer}
```

```table
id: tab-all
caption: All of it, 100 %
rows: runs
columns: [{key: acc, best: highest}]
```

```panel
type: media
key: samples
id: fig-media
```
"""
KINDS = {"image": IMAGES, "audio": SOUNDS, "video": FILMS}
BIB = r"""@book{knuth1984, title = {The {\TeX}book \input{/etc/passwd}}, author = {Knuth, D\'onald \write18{id}},
year = 1984, publisher = "^^5cinput{x}"}
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_store_of_reports(tmp_path_factory.mktemp("exports") / "experiments")
    write_file(root / "p" / "reports" / "paper.md", TEXT)
    write_file(root / "p" / "reports" / "refs.bib", BIB)
    return root


@pytest.fixture(scope="module")
def tex(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("tex") / "paper.tex"
    export_report(store, "paper", target, url="https://example.org/site")
    return target


def test_latex_carries_out_nothing_that_a_text_says(tex: Path) -> None:
    said = tex.read_text() + (tex.parent / "paper.bib").read_text()
    assert not re.search(r"\\(?:input|include|write|read|openin|def|let|csname|catcode|immediate|special)\b", said)
    assert "^^" not in said
    assert r"\textbackslash{}input\{/etc/passwd\}" in said


def test_latex_has_no_bare_sign_of_tex(tex: Path) -> None:
    body = tex.read_text()
    for line in body.splitlines():
        assert not re.search(r"(?<!\\)%", line), line
        assert not re.search(r"(?<!\\)#", line), line
    assert body.count("{") - body.count(r"\{") == body.count("}") - body.count(r"\}")
    assert len(re.findall(r"(?<!\\)\$", body)) % 2 == 0


def test_latex_environments_are_balanced(tex: Path) -> None:
    open_: list[str] = []
    for kind, name in re.findall(r"\\(begin|end)\{(\w+\*?)\}", tex.read_text()):
        if kind == "begin":
            open_.append(name)
        else:
            assert open_.pop() == name
    assert not open_


def test_latex_has_sections_math_references_and_citations(tex: Path) -> None:
    body = tex.read_text()
    assert r"\section{One adam 2}" in body
    assert r"$x^2 + \frac{1}{2}$" in body
    assert r"Figure~\ref{fig-acc}" in body
    assert r"\label{fig-acc}" in body
    assert r"Table~\ref{tab-all}" in body
    assert r"\label{tab-all}" in body
    assert "\\begin{equation}\\label{eq-one}\na = b\n\\end{equation}" in body
    assert r"\cite{knuth1984}" in body
    assert r"\bibliography{paper}" in body
    assert r"\href{https://example.org/a\_b?c=1\&d=2\%20\#e}{link}" in body
    assert r"\href{https://example.org/site/p/runs/adam-1/index.html}" in body
    assert r"\toprule" in body
    assert r"\includegraphics[width=\linewidth,keepaspectratio]{paper-files/fig-acc.pdf}" in body
    assert (tex.parent / "paper-files" / "fig-acc.pdf").read_bytes().startswith(b"%PDF")


def test_latex_compiles(tex: Path) -> None:
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", tex.name]
    assert subprocess.run(command, cwd=tex.parent, capture_output=True, timeout=120).returncode == 0


@pytest.mark.parametrize(
    "formula",
    [
        r"\input{x}",
        r"\write18{id}",
        "x^^5cinput",
        "a % b",
        "#1",
        "a $ b",
        r"\def\x{y}",
        r"\end{document}",
        "}{",
        r"\a\b\c",
    ],
)
def test_a_formula_that_is_more_than_a_formula_does_not_stand(formula: str) -> None:
    assert not is_plain_math(formula)


def test_sources_keep_accents_and_lose_commands() -> None:
    assert harmless(r"G{\"o}del and {\ss} \'e") == r"G{\"o}del and {\ss} \'e"
    for text in (r"\input{x}", r"^^5cinput", r"^^^5cinput", r"\immediate\write18{id}", r"\csname x\endcsname"):
        assert not re.search(r"\\[A-Za-z]|\^\^", harmless(text)), text


def test_markdown_has_its_values_tables_and_pictures(store: Path, tmp_path: Path) -> None:
    saved = export_report(store, "paper", tmp_path / "paper.md")
    text = (tmp_path / "paper.md").read_text()
    assert "{{" not in text
    assert "![" in text
    assert "](<paper-files/fig-acc.svg>)" in text
    assert (tmp_path / "paper-files" / "fig-acc.svg").read_text().startswith("<svg")
    assert "| adam 2 | **0.931** |" in text
    assert "$x^2 + \\frac{1}{2}$" in text
    assert "[^1]: A note" in text
    (formula,) = saved.problems
    assert formula.startswith("p/reports/paper.md, line 24: found \\input")


def test_a_name_like_markup_stays_text_in_markdown(store: Path, tmp_path: Path) -> None:
    report = "---\ntitle: x\nruns: {ids: [hostile]}\n---\n\n{{ runs.best('other').name }}\n"
    write_file(store / "p" / "reports" / "evil.md", report)
    export_report(store, "p/evil", tmp_path / "evil.md")
    assert "<script" not in (tmp_path / "evil.md").read_text().replace("\\<", "")


def test_a_zip_has_all_of_a_paper_and_the_same_bytes_each_time(store: Path, tmp_path: Path) -> None:
    for name in ("one.zip", "two.zip"):
        folder = tmp_path / name
        folder.mkdir()
        export_report(store, "paper", folder / "paper.zip")
    one, two = ((tmp_path / name / "paper.zip").read_bytes() for name in ("one.zip", "two.zip"))
    with zipfile.ZipFile(io.BytesIO(one)) as archive:
        names = archive.namelist()
    media = [f"paper-files/fig-media-{number}.png" for number in (1, 2, 3)]
    assert names == ["paper-files/fig-acc.pdf", *media, "paper.bib", "paper.tex"]
    with zipfile.ZipFile(io.BytesIO(two)) as archive:
        assert archive.namelist() == names


WORDS = r"""---
title: Words
checks:
  - mean(summary.acc) > 0.5
  - mean(summary.acc) > 0.99
runs: {filter: summary.acc > 0}
---

```panels
id: fig-words
caption: Words and tables
panels:
  - {type: markdown, text: "Some **bold** 100 % \\input{x} {{ 1 + 1 }}\n\n- one\n- two"}
  - {type: comparer, search: lr}
  - {type: comparer, search: "(l|r)+"}
  - {type: table, key: predictions}
  - {type: table, key: predictions, mode: join}
  - {type: media, key: samples}
```
"""


@pytest.fixture(scope="module")
def words(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a report of panels that are no charts, in Markdown and LaTeX."""
    write_file(store / "p" / "reports" / "words.md", WORDS)
    folder = tmp_path_factory.mktemp("words")
    for ending in ("md", "tex"):
        export_report(store, "words", folder / f"words.{ending}", url="https://example.org/site")
    return folder


def test_claims_stand_under_the_title(words: Path) -> None:
    markdown, latex = (words / "words.md").read_text(), (words / "words.tex").read_text()
    assert markdown.startswith("# Words\n\n**Claims**\n\n- `mean(summary.acc) > 0.5`: holds: 0.871 from 6 runs\n")
    assert "- `mean(summary.acc) > 0.99`: does not hold: 0.871 from 6 runs" in markdown
    assert r"\item{} \texttt{mean(summary.acc) > 0.99}: does not hold: 0.871 from 6 runs" in latex


def test_a_panel_of_words_is_written_as_words(words: Path) -> None:
    markdown, latex = (words / "words.md").read_text(), (words / "words.tex").read_text()
    assert "Some **bold** 100 % \\\\input{x} {{ 1 + 1 }}\n\n- one\n- two" in markdown
    assert r"Some \textbf{bold} 100 \% \textbackslash{}input\{x\} \{\{ 1 + 1 \}\}" in latex
    assert "it is text" not in markdown + latex


def test_panels_that_are_small_tables_are_written_as_tables(words: Path) -> None:
    markdown, latex = (words / "words.md").read_text(), (words / "words.tex").read_text()
    assert "| config.lr | 0.03333 | 0.03333 | 0.05 |" in markdown
    assert markdown.count("| config.lr |") == 1
    assert "| Run | id | label |" in markdown
    assert "| adam 1 | 2 | dog |" in markdown
    assert r"adam 1 & 2 & dog \\" in latex


def test_what_is_left_to_the_page_says_where_that_is(words: Path) -> None:
    told = [line for line in (words / "words.md").read_text().splitlines() if "there is no picture" in line]
    assert len(told) == 2
    assert all("https://example.org/site/p/reports/words/index.html" in line for line in told)


def test_the_last_images_of_runs_lie_beside_a_paper(words: Path) -> None:
    files = [words / "words-files" / f"fig-words-6-{number}.png" for number in (1, 2, 3)]
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in files)
    assert "![adam 2](<words-files/fig-words-6-1.png>)" in (words / "words.md").read_text()


def test_latex_of_words_and_tables_compiles(words: Path) -> None:
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "words.tex"]
    assert subprocess.run(command, cwd=words, capture_output=True, timeout=120).returncode == 0


def test_tables_that_are_large_or_hold_media_are_left_to_the_page(tmp_path: Path) -> None:
    root = write_store(tmp_path / "experiments")
    folder = write_run(root, "p", "r", None)
    inner = stored(folder, "image", "images/i.png", b"no picture")
    row = {
        "long": table(folder, "long", ["a"], [[at] for at in range(31)]),
        "wide": table(folder, "wide", [f"c{at}" for at in range(8)], [list(range(8))]),
        "media": table(folder, "media", ["a"], [[inner]]),
        "outside": {"_type": "table-file", "path": "media/table/../../../../x.json", "nrows": 1},
        "image": inner,
    }
    write_run(root, "p", "r", [{"_step": 0, **row}])
    panels = [{"type": "media" if key == "image" else "table", "key": key} for key in row]
    write_file(root / "p/reports/big.md", f"---\ntitle: Big\n---\n\n```panels\n{json.dumps({'panels': panels})}\n```\n")
    saved = export_report(root, "big", tmp_path / "big.md")
    assert (tmp_path / "big.md").read_text().count("there is no picture") == len(row)
    assert len(saved.paths) == 1


def test_one_html_file_names_no_other(store: Path, tmp_path: Path) -> None:
    write_file(
        store / "p" / "reports" / "hostile.md",
        "---\ntitle: H\n---\n\n```panel\ntype: bar\ncolumn: summary.other\n```\n\n[x](../../q/index.html)\n",
    )
    export_report(store, "p/hostile", tmp_path / "h.html")
    html = (tmp_path / "h.html").read_text()
    assert not re.search(r'<(?:script|img|link|iframe)[^>]*\b(?:src|href)="(?!data:)', html)
    assert HOSTILE not in html
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    assert "unsafe" not in policy[1]
    assert "'self'" not in policy[1]
    assert "sha256-" in policy[1]


def test_links_of_one_html_file_lead_to_the_site_or_nowhere(store: Path, tmp_path: Path) -> None:
    export_report(store, "paper", tmp_path / "off.html")
    export_report(store, "paper", tmp_path / "on.html", url="https://example.org/site/")
    assert 'href="https://example.org/site/p/runs/adam-1/index.html"' in (tmp_path / "on.html").read_text()
    assert "runs/adam-1/index.html" not in (tmp_path / "off.html").read_text().partition("<script")[0]


def test_links_of_one_html_file_keep_their_place_on_the_page(store: Path, tmp_path: Path) -> None:
    export_report(store, "paper", tmp_path / "on.html", url="https://example.org/site")
    html = (tmp_path / "on.html").read_text()
    assert re.search(r'href="https://example\.org/site/p/index\.html#[^"]*group=', html)
    assert "%23" not in "".join(re.findall(r'href="https://example\.org[^"#]*"?', html))


def test_an_address_of_a_site_that_is_none_is_refused(store: Path, tmp_path: Path) -> None:
    for url in ("example.org/site", "javascript:alert(1)", "https://", "https://example.org/?a=1"):
        with pytest.raises(UsageError, match="found the address"):
            export_report(store, "paper", tmp_path / "on.html", url=url)
    assert not (tmp_path / "on.html").exists()


def test_a_file_that_is_too_large_says_what_is_largest(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_run(store, "big", "heavy", None)
    noise = stored(folder, "image", "images/n.png", bytes(3_000_000))
    write_run(store, "big", "heavy", [{"_step": 0, "noise": noise}])
    write_file(store / "big/reports/big.md", "---\ntitle: Big\n---\n\n```panel\ntype: media\nkey: noise\n```\n")
    monkeypatch.setattr(single, "LARGEST", 3_500_000)
    told = (
        r"^big/reports/big\.md: found more than 4 MB for its page as one file, of which the media and tables of run "
        r"heavy are 4; show fewer"
    )
    with pytest.raises(UsageError, match=told):
        export_report(store, "big", tmp_path / "big.html")


def test_media_that_no_panel_shows_are_not_carried(store: Path, tmp_path: Path) -> None:
    write_file(store / "p/reports/one.md", "---\ntitle: One\n---\n\n```panel\ntype: table\nkey: predictions\n```\n")
    export_report(store, "one", tmp_path / "one.html")
    paths = re.findall(r'data-path="([^"]*)"', (tmp_path / "one.html").read_text())
    assert [path for path in paths if "/media/" in path]
    assert not [path for path in paths if path.endswith(".png")]


def test_every_type_of_media_that_pages_show_is_carried_as_what_it_is(tmp_path: Path) -> None:
    root = write_store(tmp_path / "experiments")
    folder = write_run(root, "p", "r", None)
    kinds = [(kind, ending) for kind, own in KINDS.items() for ending in own]
    stubs = {
        f"{kind}-{ending}": stored(folder, kind, f"x/{kind}.{ending}", f"{kind} {ending}") for kind, ending in kinds
    }
    write_run(root, "p", "r", [{"_step": 0, **stubs}])
    panels = json.dumps({"panels": [{"type": "media", "key": key} for key in stubs]})
    write_file(root / "p/reports/all.md", f"---\ntitle: All\n---\n\n```panels\n{panels}\n```\n")
    export_report(root, "all", tmp_path / "all.html")
    found = re.findall(r'data-path="p/runs/r/(media/[^"]*)">([^<]*)<', (tmp_path / "all.html").read_text())
    carried = {path: json.loads(text) for path, text in found}
    items = [item for data in carried.values() if isinstance(data, dict) for item in data["items"]]
    assert len(items) == len(kinds)
    for item in items:
        kind, ending = base64.b64decode(carried[item["bytes"]["url"]]).decode().split()
        assert item["mime"] == KINDS[kind][ending]
        assert item["kind"] == ("image" if ending == "gif" else kind)
        assert "src" not in item


def test_tables_come_alone_in_three_formats(store: Path) -> None:
    with opened(store, "paper") as found:
        report = found.report.report
    assert r"\textbf{0.931}" in table_of(report, "tab-all", "latex")
    assert table_of(report, "1", "markdown").startswith("| Run | acc |")
    lines = table_of(report, "tab-all", "csv").splitlines()
    assert lines[0] == "Run,acc"
    assert any(line.startswith("adam 2,0.93") for line in lines)
    with pytest.raises(UsageError, match="found no table 'nope'"):
        table_of(report, "nope", "csv")


@pytest.mark.parametrize("name", ["=cmd|'/c calc'!A0", "+SUM(A1)", "-1+1", "@x", "\uff1d1+1", "\uff20x"])
def test_no_cell_of_a_table_is_a_formula(tmp_path: Path, name: str) -> None:
    root = write_store(tmp_path / "experiments")
    write_run(root, "p", "r", [{"_step": 0, "acc": -0.5}], {"lr": "-1e-3"}, {"name": name})
    write_file(root / "p" / "reports" / "t.md", "# T\n\n```table\nrows: runs\ncolumns: [acc, config.lr]\n```\n")
    with opened(root, "t") as found:
        lines = table_of(found.report.report, "1", "csv").splitlines()
    assert lines[1] == f"'{name},-0.5,-1e-3"


def test_mistakes_of_an_export_are_one_line(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="found no known ending"):
        export_report(store, "paper", tmp_path / "x.docx")
    with pytest.raises(StoreError, match="found no report 'nope'"):
        export_report(store, "nope", tmp_path / "x.md")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="found no browser to print with"):
        find_browser()
    monkeypatch.setenv("RUNSTORE_BROWSER", "nowhere-to-be-found")
    with pytest.raises(UsageError, match="found no browser 'nowhere-to-be-found'"):
        find_browser()
