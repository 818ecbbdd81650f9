"""`runstore artifact`."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from runstore.format.layout import StoreLayout
from runstore.recording.run import Run
from tests.artifacts.filled import blobs, collection, filled
from tests.cli.terminal import Terminal


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(capsys)


def test_put_ls_get(terminal: Terminal, data: Path, folder: Path, store: StoreLayout) -> None:
    put = terminal("artifact", "put", "p/data", data, data / "a.txt", "--type", "dataset", "--alias", "raw")
    assert (put.code, put.out) == (0, "p/data:v0\n")
    assert terminal("artifact", "ls").out.split("\n")[1].split()[:6] == ["p", "data", "dataset", "1", "v0", "raw"]
    [listed] = json.loads(terminal("artifact", "ls", "data", "--json").out)
    assert (listed["version"], listed["aliases"], listed["files"]) == ("v0", ["latest", "raw"], 3)
    assert "v0       latest, raw" in terminal("artifact", "ls", "data").out
    assert terminal("artifact", "get", "data:raw", "-o", "out").out == "out\n"
    assert (folder / "out/sub/b.txt").read_text() == "bb"
    assert terminal("artifact", "ls", "--type", "model").out == "no artifacts yet\n"


def test_alias_rm_restore(terminal: Terminal, begin: Callable[..., Run], store: StoreLayout) -> None:
    run = begin()
    run.log_artifact(filled(x="1"))
    run.log_artifact(filled(x="2"))
    assert terminal("artifact", "alias", "model:v0", "good", "best").out == "p/model:v0 is best, good\n"
    assert terminal("artifact", "alias", "model:good", "good", "--remove").out == "p/model:v0 is best\n"
    assert "--force" in terminal.fails("artifact", "rm", "model:best")
    assert terminal("artifact", "rm", "model:best", "--force").out == "p/model:v0 is in the trash\n"
    assert [version.version for version in collection(store).versions] == ["v1"]
    assert terminal("artifact", "restore", "model:v0").out == "p/model:v0 is back\n"
    assert "is not in the trash" in terminal.fails("artifact", "restore", "model:v0")
    assert "names no version" in terminal.fails("artifact", "rm", "model")


def test_verify_and_gc(terminal: Terminal, run: Run, store: StoreLayout) -> None:
    run.log_artifact(filled(x="1"))
    run.log_artifact(filled(x="2"))
    assert terminal("artifact", "verify").code == 0
    assert terminal("artifact", "rm", "model:v0").code == 0
    os.utime(next(path for path in blobs(store) if path.read_text() == "1"), (1, 1))
    assert terminal("artifact", "gc").out == "removed no blobs, 0 B; 2 are needed\n"
    planned = json.loads(terminal("artifact", "gc", "--dry-run", "--json").out)
    assert (planned["blobs"], planned["kept"]) == (0, 2)
    assert terminal("artifact", "gc", "--empty-trash").out == "removed 1 blob, 1 B; 1 are needed\n"
    blobs(store)[0].unlink()
    done = terminal("artifact", "verify", "model:v1")
    assert done.code == 1
    assert "found no such content" in done.out
    assert len(json.loads(terminal("artifact", "verify", "--json").out)) == 1


def test_mistakes_are_one_line(terminal: Terminal, begin: Callable[..., Run]) -> None:
    begin(project="p").log_artifact(filled())
    begin(project="q").log_artifact(filled())
    assert "2 projects have an artifact 'model'" in terminal.fails("artifact", "get", "model")
    assert "has no version 'v9'" in terminal.fails("artifact", "get", "q/model:v9")
    assert "no file" in terminal.fails("artifact", "put", "p/model", "nowhere")
    assert "is no name" in terminal.fails("artifact", "ls", "a/b/c/d")
