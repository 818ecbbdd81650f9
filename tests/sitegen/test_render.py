"""Pages from templates, which are compiled once and kept."""

from pathlib import Path

import jinja2
import pytest

from sitegen.assets import AssetSet, templates_dir
from sitegen.pages.context import PageContext
from sitegen.render import Renderer

EMPTY = PageContext(title="no such page", root="", crumbs=())


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RUNSTORE_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "t.jinja").write_text("<p>{{ page.title }}</p>")
    return tmp_path


def rendered(folder: Path, template: str = "t.jinja") -> bytes:
    return Renderer(folder, AssetSet({})).render(template, EMPTY)


def compiled(folder: Path) -> list[Path]:
    return sorted((folder / "cache" / "templates").iterdir())


def test_what_a_template_does_not_find_is_an_error(templates: Path) -> None:
    (templates / "t.jinja").write_text("{{ page.no_such_thing }}")
    with pytest.raises(jinja2.UndefinedError, match="no_such_thing"):
        rendered(templates)


def test_compiled_template_is_kept_and_taken(templates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert rendered(templates) == b"<p>no such page</p>"
    assert len(compiled(templates)) == 1
    monkeypatch.setattr(jinja2.Environment, "compile", None)
    assert rendered(templates) == b"<p>no such page</p>"


def test_changed_template_is_compiled_anew(templates: Path) -> None:
    rendered(templates)
    (templates / "t.jinja").write_text("<h1>{{ page.title }}</h1>")
    assert rendered(templates) == b"<h1>no such page</h1>"


@pytest.mark.parametrize("content", [b"", b"no code at all", None], ids=["empty", "other", "cut"])
def test_damaged_cache_costs_time_only(templates: Path, content: bytes | None) -> None:
    rendered(templates)
    (file,) = compiled(templates)
    file.write_bytes(file.read_bytes()[:-40] if content is None else content)
    assert rendered(templates) == b"<p>no such page</p>"


def test_cache_that_cannot_be_written_costs_time_only(templates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNSTORE_CACHE_DIR", str(templates / "t.jinja"))
    assert rendered(templates) == b"<p>no such page</p>"


def test_every_template_of_a_page_compiles() -> None:
    folder = templates_dir()
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(folder))
    for path in folder.rglob("*.jinja"):
        environment.get_template(path.relative_to(folder).as_posix())
