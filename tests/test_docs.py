"""The documentation keeps its word: commands and settings are in it, its Python runs, its links lead somewhere."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from runstore.cli.main import commands
from runstore.settings import VARIABLES

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "site" / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]

GENERATED = {f"schemas/{name}.json" for name in ("sweep", "project", "report")}
"""What site/write_schemas.py adds, as write_gallery.py does `demo/…`; MkDocs, strict, checks these links."""

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?://)([^)#]*)(#[^)]*)?\)")
_VARIABLE = re.compile(r"\bRUNSTORE_[A-Z_]+\b")


@dataclass(frozen=True)
class Block:
    """A block of code on a page."""

    page: Path
    line: int
    language: str
    code: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks() -> Iterator[Block]:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in _BLOCK.finditer(text):
            yield Block(page, text.count("\n", 0, match.start()) + 1, match[1], match[2])


BLOCKS = list(blocks())


def offered() -> dict[str, click.Command]:
    context = click.Context(commands)
    found = {name: commands.get_command(context, name) for name in commands.list_commands(context)}
    return {name: command for name, command in found.items() if command is not None}


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == "python"], ids=str)
def test_python_in_the_documentation_runs(block: Block, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("RUNSTORE_", "WANDB_"))}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", block.code],
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "experiments").rglob("runs/*"))


def test_every_command_and_option_is_documented() -> None:
    text = (DOCS / "command-line.md").read_text(encoding="utf-8")
    for name, command in offered().items():
        assert f"## `runstore {name}`" in text
        section = text.split(f"## `runstore {name}`")[1].split("\n## ")[0]
        for words, each in with_subcommands(name, command):
            assert f"runstore {words}" in section, words
            for parameter in each.params:
                if isinstance(parameter, click.Argument):
                    assert (parameter.metavar or parameter.name or "").strip("[].").upper() in section, (
                        words,
                        parameter,
                    )
                elif not getattr(parameter, "hidden", False):
                    assert any(option in section for option in parameter.opts), (words, parameter.opts)


def with_subcommands(words: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """A command and those below it, each with the words that call it."""
    yield words, command
    for name, each in command.commands.items() if isinstance(command, click.Group) else ():
        yield from with_subcommands(f"{words} {name}", each)


def test_every_command_in_the_documentation_exists() -> None:
    known = set(offered())
    for block in BLOCKS:
        for line in block.code.splitlines() if block.language == "console" else ():
            match = re.match(r"\$ runstore (\w[\w-]*)", line)
            assert match is None or match[1] in known, f"{block}: {line}"


def test_every_command_says_what_it_does_in_one_line() -> None:
    for name, command in offered().items():
        assert (command.help or "").strip(), name
        for parameter in command.params:
            assert not isinstance(parameter, click.Option) or parameter.help, (name, parameter.name)


def test_every_setting_is_documented_and_nothing_else() -> None:
    text = (DOCS / "settings.md").read_text(encoding="utf-8")
    rows = {match[1] for match in re.finditer(r"^\| `(RUNSTORE_[A-Z_]+)`", text, re.MULTILINE)}
    sources = "".join(
        path.read_text(encoding="utf-8") for name in ("runstore", "sitegen") for path in (ROOT / name).rglob("*.py")
    )
    read = {f"RUNSTORE_{suffix}" for suffix in VARIABLES.values()} | set(_VARIABLE.findall(sources))
    assert rows == read


def test_variables_that_pages_name_are_settings() -> None:
    known = set(_VARIABLE.findall((DOCS / "settings.md").read_text(encoding="utf-8")))
    for page in PAGES:
        assert set(_VARIABLE.findall(page.read_text(encoding="utf-8"))) <= known, page


def test_every_make_command_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    for page in PAGES:
        named = set(re.findall(r"(?:`|\$ )make ([a-z]+)", page.read_text(encoding="utf-8")))
        assert named <= targets, page


@pytest.mark.parametrize("document", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(document: Path) -> None:
    for path, anchor in _LINK.findall(document.read_text(encoding="utf-8")):
        if path in GENERATED or path.startswith("demo/"):
            continue
        target = document.parent / path if path else document
        assert target.exists(), path
        if anchor:
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor[1:] in {slug(heading) for heading in headings}, f"{path}{anchor}"


def slug(heading: str) -> str:
    """A heading's anchor, as MkDocs and forges make it."""
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", heading.lower()).strip())


def test_every_attack_that_is_told_of_has_the_test_that_is_named() -> None:
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", (DOCS / "security.md").read_text(encoding="utf-8"))
    assert len(named) > 25
    for path, name in named:
        text = (ROOT / "tests" / path).read_text(encoding="utf-8")
        assert f"\ndef {name}(" in text, f"{path}::{name}"


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "site" / "mkdocs.yml").read_text(encoding="utf-8")
    for page in DOCS.rglob("*.md"):
        assert f" {page.relative_to(DOCS).as_posix()}\n" in navigation, page


def test_the_python_examples_cover_the_public_names() -> None:
    import runstore

    text = "".join(block.code for block in BLOCKS if block.language == "python")
    prose = "".join(page.read_text(encoding="utf-8") for page in DOCS.rglob("*.md"))
    for name in ("init", "Table", "Settings"):
        assert f"runstore.{name}" in text
    for name in ("log", "config", "summary", "finish"):
        assert f"runstore.{name}" in prose
        assert name in runstore.__all__
