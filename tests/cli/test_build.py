"""`runstore build`: what it prints, and what it refuses."""

from pathlib import Path

import pytest

from tests.cli.terminal import Terminal, start
from tests.stores import append, curve, write_file, write_run


def test_build_writes_the_site_and_says_where(terminal: Terminal, store: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    done = terminal("build", store, "-o", out)
    assert done.code == 0
    assert done.out.splitlines()[-1] == str(out / "index.html")
    for page in ("index.html", "digits/index.html", "digits/runs/fold0/index.html", "speech/index.html"):
        assert (out / page).is_file()


def test_the_site_goes_to_the_working_directory_by_default(store: Path) -> None:
    done = start("build", cwd=store.parent)
    assert done.code == 0, done.err
    assert (store.parent / "_site" / "index.html").is_file()


def test_a_second_build_writes_nothing_and_a_grown_run_its_own_pages(
    terminal: Terminal, store: Path, tmp_path: Path
) -> None:
    out = tmp_path / "site"
    terminal("build", store, "-o", out)
    before = pages(out)
    terminal("build", store, "-o", out)
    assert pages(out) == before
    append(store / "speech" / "runs" / "wav", [{"wer": 0.125}])
    terminal("build", store, "-o", out)
    changed = {name for name, moment in pages(out).items() if before.get(name) != moment}
    assert "speech/runs/wav/index.html" in changed
    assert not [name for name in changed if name.startswith("digits/")]


def pages(out: Path) -> dict[str, int]:
    """When each file of a site was written; the manifest is the build's own."""
    files = (path for path in out.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {path.relative_to(out).as_posix(): path.stat().st_mtime_ns for path in files}


def test_a_broken_run_is_reported_and_the_build_goes_on(terminal: Terminal, store: Path, tmp_path: Path) -> None:
    write_run(store, "digits", "broken", b'{"loss": 1}\nnot json\n', config="lr: [\n")
    done = terminal("build", store, "-o", tmp_path / "site")
    assert done.code == 0
    said = done.out + done.err
    assert "digits/runs/broken/history.jsonl, line 2" in said
    assert "digits/runs/broken/config.yaml" in said
    assert (tmp_path / "site" / "digits" / "runs" / "broken" / "index.html").is_file()


def test_strict_makes_problems_an_exit_code(terminal: Terminal, store: Path, tmp_path: Path) -> None:
    assert terminal("build", store, "-o", tmp_path / "site", "--strict").code == 0
    write_run(store, "digits", "broken", b"not json\n")
    assert terminal("build", store, "-o", tmp_path / "site", "--strict").code == 1
    assert (tmp_path / "site" / "digits" / "runs" / "broken" / "index.html").is_file()


def test_output_that_holds_something_else_is_left_alone(terminal: Terminal, store: Path, tmp_path: Path) -> None:
    thesis = write_file(tmp_path / "site" / "thesis.txt", "three years")
    assert "not a site of runstore" in terminal.fails("build", store, "-o", tmp_path / "site")
    assert thesis.read_text() == "three years"
    assert list(thesis.parent.iterdir()) == [thesis]


@pytest.mark.parametrize("place", [".", "..", "digits", "digits/runs", "_site"])
def test_a_site_never_mixes_with_the_store(terminal: Terminal, store: Path, place: str) -> None:
    assert "mixed with the store" in terminal.fails("build", store, "-o", store / place)


def test_output_that_cannot_be_written_is_one_line(terminal: Terminal, store: Path, tmp_path: Path) -> None:
    write_file(tmp_path / "file", "")
    assert "choose another -o" in terminal.fails("build", store, "-o", tmp_path / "file")
    assert "choose another -o" in terminal.fails("build", store, "-o", tmp_path / "file" / "site")


def test_names_full_of_markup_are_text(terminal: Terminal, store: Path, tmp_path: Path) -> None:
    write_run(store, "digits", "x", curve(2, key="</script><b>"), meta={"name": "</title><script>alert(1)</script>"})
    assert terminal("build", store, "-o", tmp_path / "site").code == 0
    for page in (tmp_path / "site").rglob("*.html"):
        assert "<script>alert" not in page.read_text()
