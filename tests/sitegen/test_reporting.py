"""Reports begun, cloned and frozen: only what was asked for changes in a file, and no name leads out of the store."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from runstore.errors import StoreError, UsageError
from runstore.format import yaml12
from runstore.format.layout import StoreLayout
from sitegen.cli.reports import report
from sitegen.pages.report import Origin
from sitegen.reporting import check_reports, clone_report, find_report, look_at, new_report, project_of, with_keys
from sitegen.reports.front import parted
from sitegen.reports.mistakes import Mistakes
from sitegen.reports.page import report_page
from tests.sitegen.reports.compiling import write_store_of_reports
from tests.stores import write_file

HOSTILE = (
    *("../x", "..", ".", "", " ", "a/b", "/etc/x", "a\\b", "a\0b", "a\nb", "C:x", ".hidden", "dot."),
    *("con", "NUL", "lpt1.txt", "aux", "x" * 300, "é" * 200, "a?b", "a#b", "50%", "\ud800", " a", "a "),
)


@pytest.fixture
def store(tmp_path: Path) -> StoreLayout:
    return StoreLayout(write_store_of_reports(tmp_path / "experiments"))


def files(store: StoreLayout) -> set[str]:
    top = store.root.parent
    return {path.relative_to(top).as_posix() for path in top.rglob("*") if ".cache" not in path.parts}


def test_a_new_report_is_a_draft_that_compiles(store: StoreLayout) -> None:
    begun = new_report(store, "p", "first-look")
    assert begun.path == store.root / "p/reports/first-look.md"
    (report,) = check_reports(store.root, ["first-look"])
    assert report.problems == []
    assert (report.file.front.title, report.file.front.status) == ("First look", "draft")
    assert len(report.tables) == 1


def test_a_new_report_of_no_project_lies_at_the_root(store: StoreLayout) -> None:
    assert new_report(store, "", "all", title='Both: "yes" # no').path == store.root / "reports/all.md"
    (report,) = check_reports(store.root, ["all"])
    assert (report.problems, report.file.title) == ([], 'Both: "yes" # no')


def test_what_is_on_screen_becomes_a_report(store: StoreLayout) -> None:
    viewed = look_at(store.root, "http://localhost:8000/p/index.html#group=config.optimizer&filter=group%20%3D%20'sgd'")
    begun = new_report(store, viewed.project, "seen", viewed=viewed)
    assert begun.panels == 3
    with pytest.raises(StoreError, match="there is such a report already; choose another name"):
        new_report(store, "p", "seen")
    (report,) = check_reports(store.root, ["p/seen"])
    assert [problem.message for problem in report.problems] == []
    assert report.grids[0].grid.sets[0].group == ("config.optimizer",)


def test_what_an_address_says_in_vain_is_told_while_the_report_is_begun(store: StoreLayout) -> None:
    view = "file:///site/p/index.html#group=config.optimizer&zzz=1"
    done = CliRunner().invoke(report, ["new", "seen", "--from", view, "--store", str(store.root)])
    assert done.exit_code == 0, done.output
    assert done.stderr.splitlines() == [
        "runstore: found 'zzz' in the address, which is nothing that a view says; copy the address from the page"
    ]
    assert (store.root / "p/reports/seen.md").is_file()


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_leads_out_of_the_folder_of_reports(store: StoreLayout, name: str) -> None:
    new_report(store, "p", "good")
    before = files(store)
    with pytest.raises(UsageError) as caught:
        new_report(store, "p", name)
    assert "\n" not in str(caught.value)
    with pytest.raises(UsageError):
        clone_report(find_report(store.root, "good"), store, name)
    with pytest.raises((UsageError, StoreError)):
        find_report(store.root, name)
    assert files(store) == before


@pytest.mark.parametrize("name", [name for name in HOSTILE if name])
def test_no_name_of_a_project_leads_out_of_the_store(store: StoreLayout, name: str) -> None:
    before = files(store)
    with pytest.raises(UsageError):
        new_report(store, name, "x")
    with pytest.raises(UsageError):
        project_of(store, name)
    assert files(store) == before


def test_a_folder_of_reports_that_is_a_link_is_not_written_to(store: StoreLayout, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (store.root / "p/reports").symlink_to(tmp_path / "outside")
    with pytest.raises(StoreError, match="link"):
        new_report(store, "p", "x")
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_store_of_several_projects_asks_which(store: StoreLayout) -> None:
    assert project_of(store, "p") == "p"
    assert project_of(store, "") == ""
    with pytest.raises(UsageError, match="name the project with --project"):
        project_of(store, None)
    with pytest.raises(UsageError, match="found no project 'x'; there are: empty, p, q, tune"):
        project_of(store, "x")


def test_a_name_that_two_reports_have_is_asked_for_with_its_project(store: StoreLayout) -> None:
    for project in ("p", "q"):
        new_report(store, project, "same")
    with pytest.raises(StoreError, match="found 2 reports 'same'; there are: p/same, q/same"):
        find_report(store.root, "same")
    assert find_report(store.root, "q/same").project == "q"
    assert find_report(store.root, str(store.root / "p/reports/same.md")).project == "p"
    with pytest.raises(StoreError, match="found no report 'none'; there are: p/same, q/same"):
        list(check_reports(store.root, ["none"]))


def test_claims_are_counted_alike_on_the_terminal_and_on_the_page(store: StoreLayout) -> None:
    front = "---\ntitle: C\nchecks: [count() = 7, count() = 8]\n---\n"
    write_file(store.root / "p/reports/some.md", front + '[seven]{check="count() = 7"} [eight]{check="count() = 8"}\n')
    write_file(store.root / "p/reports/one.md", '[seven]{check="count() = 7"}\n')
    write_file(store.root / "p/reports/wrong.md", '[eight]{check="count() = 8"}\n')
    said = {"some": "2 of 4 claims hold", "one": "The claim holds", "wrong": "The claim is not supported"}
    for name, verdict in said.items():
        (found,) = check_reports(store.root, [name])
        page = report_page(found, None, Origin("here"))
        assert (page.verdict, page.failing) == (verdict, name != "one")
        done = CliRunner().invoke(report, ["check", name, "--store", str(store.root)])
        assert done.output.splitlines()[0] == f"p/{name}: {verdict}"


def test_a_report_that_cannot_be_read_is_told_wherever_it_is_meant(store: StoreLayout) -> None:
    new_report(store, "p", "good")
    write_file(store.root / "p/reports/bin.md", b"---\ntitle: B\n---\n\xff\xfe\n")
    why = "p/reports/bin.md: found bytes that are no UTF-8 in line 4, expected text; save it as UTF-8"

    def called(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(report, [*arguments, "--store", str(store.root)])
        return done.exit_code, done.output

    for names in ([], ["bin"], ["p/bin"], [str(store.root / "p/reports/bin.md")]):
        code, said = called("check", *names)
        assert code == 1
        assert said.endswith(f"p/bin: unreadable\n  {why}\n")
    assert called("check", "good")[0] == 0
    checked = json.loads(called("check", "--json")[1])
    assert [(each["name"], len(each["mistakes"])) for each in checked] == [("p/good", 0), ("p/bin", 1)]
    code, said = called("ls")
    assert (code, said.splitlines()[-1]) == (0, f"p/bin  unreadable  {why}")
    listed = json.loads(called("ls", "--json")[1])
    assert [(each["name"], each["problem"]) for each in listed] == [("p/good", ""), ("p/bin", why)]
    with pytest.raises(StoreError, match="no UTF-8 in line 4"):
        find_report(store.root, "bin")
    with pytest.raises(StoreError, match="found no report 'none'; there are: p/bin, p/good"):
        find_report(store.root, "none")


def test_a_clone_is_a_draft_with_all_else_as_it_was(store: StoreLayout) -> None:
    text = (
        "---\r\n# A comment\r\ntitle: >-\r\n  A long\r\n\r\n  title\r\nauthors: [Ada]   # who\r\nstatus: published\r\n"
        "checks:\r\n  - count() = 7\r\n---\r\n\r\nBody\twith  blanks \r\n\r\n"
    )
    write_file(store.root / "p/reports/one.md", text.encode())
    path = clone_report(find_report(store.root, "one"), store, "two")
    made = path.read_bytes().decode()
    assert made.split("---", 2)[2] == text.split("---", 2)[2]
    assert made.startswith("---\r\n# A comment\r\ntitle: ")
    (report,) = check_reports(store.root, ["two"])
    assert report.problems == []
    assert (report.file.front.title, report.file.front.status) == ("A long\ntitle (copy)", "draft")
    for line in ("authors: [Ada]   # who\r\n", "checks:\r\n  - count() = 7\r\n"):
        assert line in made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("body\n", '---\nas_of: "1"\n---\n\nbody\n'),
        ("", '---\nas_of: "1"\n---\n\n'),
        ("---\n---\nbody", '---\nas_of: "1"\n---\nbody'),
        ("---\ntitle: a\n...\nbody", '---\ntitle: a\nas_of: "1"\n...\nbody'),
        ("---\nas_of: v1 # why\ntitle: a\n---\n", '---\nas_of: "1"\ntitle: a\n---\n'),
        ("---\nas_of:\n  v1\ntitle: a\n---\n", '---\nas_of: "1"\ntitle: a\n---\n'),
        ("\ufeff---\ntitle: a\n---\nb", '\ufeff---\ntitle: a\nas_of: "1"\n---\nb'),
        ("---\nruns:\n  as_of: {}\n---\nas_of: no\n", '---\nruns:\n  as_of: {}\nas_of: "1"\n---\nas_of: no\n'),
    ],
)
def test_a_key_is_set_and_the_rest_stays_byte_for_byte(text: str, expected: str) -> None:
    assert with_keys(text, {"as_of": 'as_of: "1"'}) == expected


@pytest.mark.parametrize(
    "text",
    [
        "---\n{title: a}\n---\n",
        '---\n"as_of": v1\n---\n',
        "---\ntitle: [a\n---\n",
        "---\n- a\n---\n",
        "---\nas_of: a\nas_of: b\n---\n",
    ],
)
def test_a_front_matter_that_is_written_otherwise_is_left_alone(text: str) -> None:
    with pytest.raises(UsageError, match="in which as_of cannot be set; write a key a line, each once"):
        with_keys(text, {"as_of": 'as_of: "1"'})


_LINES = st.lists(
    st.sampled_from(
        [
            *(
                "title: a",
                "title: >-\n  b\n\n  c",
                "as_of: x",
                "digest: |\n  d\n",
                "# as_of: no",
                "",
                "date: 2026-01-01",
            ),
            *("runs:\n  as_of: {}", "authors:\n- Ada\n- as_of", "description: 'it''s'", "toc: true # as_of: y"),
        ]
    ),
    unique_by=lambda line: line.partition(":")[0],
)


@given(
    _LINES, st.sampled_from(["\n", "\r\n"]), st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=30)
)
def test_setting_keys_changes_these_alone(lines: list[str], end: str, body: str) -> None:
    text = "".join(f"{line}\n" for line in ["---", *lines, "---"]).replace("\n", end) + body
    before = yaml12.load(parted(text, Mistakes()).front) or {}
    made = with_keys(text, {"as_of": 'as_of: "1"', "digest": 'digest: "2"'})
    parts = parted(made, Mistakes())
    assert parts.body == body
    assert yaml12.load(parts.front) == {**before, "as_of": "1", "digest": "2"}
    assert with_keys(made, {"as_of": 'as_of: "1"', "digest": 'digest: "2"'}) == made
    for line in lines:
        if not line.startswith(("as_of", "digest")):
            assert line.replace("\n", end) in made
