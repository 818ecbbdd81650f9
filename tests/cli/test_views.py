"""`runstore view`: named views in `project.yaml`, and nothing else changed there."""

from pathlib import Path

import pytest

from runstore.format import yaml12
from runstore.format.views import View, saved_views
from runstore.reading.store import read_store
from tests.cli.terminal import Terminal
from tests.stores import write_file, write_run

URL = "file:///x/_site/digits/index.html#group=config.lr&view=Old&filter=config.lr%20%3C%201"
FRAGMENT = "group=config.lr&filter=config.lr%20%3C%201"


@pytest.fixture
def digits(root: Path) -> Path:
    """A store with the project digits, whose project.yaml says more than views."""
    write_run(root, "digits", "a")
    write_file(root / "digits" / "project.yaml", "title: Digits\nown: kept\n")
    return root


def views(store: Path, project: str = "digits") -> tuple[View, ...]:
    found = next(each for each in read_store(store).projects if each.name == project)
    return saved_views(found.meta)


def test_save_takes_project_and_view_from_an_address(terminal: Terminal, digits: Path) -> None:
    write_run(digits, "other", "a")
    assert "saved the view Best of digits" in terminal("view", "save", "Best", URL, "--store", digits).out
    assert views(digits) == (View("Best", FRAGMENT),)
    values = yaml12.load((digits / "digits" / "project.yaml").read_text())
    assert (values["title"], values["own"]) == ("Digits", "kept")


def test_save_replaces_the_view_of_that_name_and_one_is_the_default(terminal: Terminal, digits: Path) -> None:
    terminal("view", "save", "One", "#group=a", "--default", "--store", digits)
    terminal("view", "save", "Two", "#group=b", "--default", "--store", digits)
    assert "replaced" in terminal("view", "save", "One", "#group=c", "--store", digits).out
    assert views(digits) == (View("One", "group=c"), View("Two", "group=b", True))
    listed = terminal("view", "ls", "digits", "--store", digits).out
    assert listed == "digits  One  #group=c\ndigits  Two  (default)  #group=b\n"


def test_rm_removes_the_view_wherever_it_is(terminal: Terminal, digits: Path) -> None:
    write_run(digits, "other", "a")
    terminal("view", "save", "Best", URL, "--store", digits)
    terminal("view", "rm", "Best", "--store", digits)
    assert views(digits) == ()
    assert terminal("view", "ls", "--store", digits).out == "no views yet\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("save", "x", "_site/digits/index.html"), "found no view in '_site/digits/index.html'"),
        (("save", "x", "_site/digits/index.html#charts"), "found no view"),
        (("save", "-", "#group=a"), "the view's name is '-'"),
        (("save", "x", "#group=a", "--project", "none"), "found no project 'none'; there is digits"),
        (("rm", "x"), "digits has no view 'x'; there is no view yet"),
    ],
)
def test_a_mistake_is_one_line(terminal: Terminal, digits: Path, arguments: tuple[str, ...], said: str) -> None:
    assert said in terminal.fails("view", *arguments, "--store", digits)


def test_what_is_no_view_is_left_out(digits: Path) -> None:
    entries = "{name: a, fragment: '#x=1', default: yes}, {name: a, fragment: y=1}, {fragment: z=1}, {name: '-'}, 3"
    write_file(digits / "digits" / "project.yaml", f"views: [{entries}]\n")
    assert views(digits) == (View("a", "x=1"),)
