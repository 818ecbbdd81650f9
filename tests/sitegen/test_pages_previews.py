"""A run's files: what the page lists, and what it shows of each without a download."""

import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sitegen.data import parquet
from sitegen.pages import files, previews
from tests.sitegen.plans import PlannedSite, plan
from tests.stores import write_run

FOLDER = "p/runs/r1"


def payload(site: PlannedSite, path: str) -> Any:
    found = re.fullmatch(rb"runstore\.put\((.*)\);\n", bytes(site.files[f"{FOLDER}/{path}"]), re.DOTALL)
    assert found
    return json.loads(b"[" + found[1] + b"]")[1]


def listed(site: PlannedSite) -> dict[str, tuple[int, str | None, str | None, Any]]:
    """Each file: its size, where its copy lies, the kind of its preview, and the preview."""
    index = payload(site, "files.js")
    shards = [payload(site, url.partition("?")[0]) for _, url in index["shards"]]
    return {
        path: (size, href, kind, None if place is None else shards[place[0]][place[1]])
        for path, size, href, kind, place in index["files"]
    }


def test_texts_have_previews_and_binaries_a_download(root: Path) -> None:
    write_run(
        root, files={"files/notes.txt": "hello", "files/a.csv": "x,y\n1,2\n", "files/page.html": "<script>x</script>"}
    )
    (root / FOLDER / "files/blob.bin").write_bytes(b"\0\xff" * 10)
    (root / FOLDER / "files/pic.png").write_bytes(b"\x89PNG")
    found = listed(plan(root))
    assert found["files/notes.txt"] == (5, "stored/files/notes.txt", "text", {"text": "hello", "whole": True})
    assert found["files/a.csv"][2] == "csv"
    assert found["files/page.html"][1:] == (
        "stored/files/page.html.txt",
        "text",
        {"text": "<script>x</script>", "whole": True},
    )
    assert found["files/blob.bin"][1:] == ("stored/files/blob.bin", None, None)
    assert found["files/pic.png"][2:] == ("image", None)


def test_the_first_rows_of_a_parquet_file_are_shown(root: Path) -> None:
    home = write_run(root, files={"files/x.txt": "x"})
    frame = pl.DataFrame({"n": range(1000), "nested": [[1, 2]] * 1000, "bad": [float("nan")] * 1000})
    frame.write_parquet(home / "files/t.parquet")
    (home / "files/broken.parquet").write_bytes(b"PAR1 no")
    found = listed(plan(root))
    table = found["files/t.parquet"][3]
    assert (table["columns"], table["total"], table["width"]) == (["n", "nested", "bad"], 1000, 3)
    assert table["rows"][:2] == [[0, "[1,2]", "NaN"], [1, "[1,2]", "NaN"]]
    assert len(table["rows"]) == parquet.MAX_ROWS
    assert found["files/broken.parquet"][2:] == (None, None)


def test_of_a_long_text_the_beginning_is_shown_even_if_the_cut_goes_through_a_letter(root: Path) -> None:
    for lead in range(3):
        write_run(root, run_id="r1", files={"files/long.txt": "a" * lead + "€" * 100_000})
        (preview,) = (entry[3] for entry in listed(plan(root)).values())
        assert not preview["whole"]
        assert set(preview["text"]) <= {"a", "€"}
        assert len(preview["text"].encode()) > previews.MAX_PREVIEW - 10


def test_large_files_are_named_and_links_are_not_followed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_COPIED", 100)
    home = write_run(root, files={"files/a b.txt": "x", "files/d/big": "y" * 101, "code/train.py": "print(1)\n"})
    (home / "files" / "link").symlink_to("/etc/hostname")
    site = plan(root)
    assert {path: entry[1] for path, entry in listed(site).items()} == {
        "code/train.py": "stored/code/train.py",
        "files/a b.txt": "stored/files/a%20b.txt",
        "files/d/big": None,
    }
    assert {path for path in site.files if "/stored/" in path} == {
        f"{FOLDER}/stored/code/train.py",
        f"{FOLDER}/stored/files/a b.txt",
    }
    assert site.pages[f"{FOLDER}/index.html"].script.lines == ("print(1)",)


def test_the_runs_own_files_are_listed_but_not_where_it_comes_from(root: Path) -> None:
    write_run(
        root,
        config={"lr": 1},
        files={
            "requirements.txt": "a==1\n",
            "output.log": "x\n",
            "changes.patch": "+x\n",
            "provenance.json": {"host": "h"},
        },
    )
    found = listed(plan(root))
    assert {path: entry[1] for path, entry in found.items()} == {
        "config.yaml": None,
        "requirements.txt": None,
        "changes.patch": "changes.patch.txt",
        "output.log": "output.log.txt",
    }
    assert found["requirements.txt"][3] == {"text": "a==1\n", "whole": True}


def test_previews_have_a_limit_for_all_of_a_run(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previews, "MAX_PREVIEWED", 10)
    write_run(root, files={f"files/{at}.txt": "x" * 8 for at in range(5)})
    assert sum(entry[3] is not None for entry in listed(plan(root)).values()) == 2


def test_a_run_of_a_history_alone_has_no_files(root: Path) -> None:
    write_run(root, config={"lr": 1})
    site = plan(root)
    assert site.pages[f"{FOLDER}/index.html"].files is None
    assert f"{FOLDER}/files.js" not in site.files
