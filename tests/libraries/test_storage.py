"""Stores elsewhere for real: an S3 server of moto's with s3fs, an SSH server with sshfs, each a process of its own."""

import json
import os
import subprocess
import sysconfig
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from tests.libraries.environments import InstallationError, python
from tests.libraries.training import SCRIPTS
from tests.processes import environment, start_script
from tests.remote.trees import carried_contents, contents, ended, write_example
from tests.stores import append, curve, write_file

_PATIENCE: Final = 120
LOGGING: Final = """
import time
import runstore
with runstore.init(project="live", id="alive") as run:
    print("logging", flush=True)
    for step in range(400):
        run.log({"loss": 1 / (step + 1)})
        time.sleep(0.02)
"""


@dataclass(frozen=True)
class Storage:
    """A place that is served: `url`, and the interpreter and variables with which it is reached."""

    python: Path
    url: str
    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str | Path, code: int | None = 0) -> str:
        """Runs `runstore` to its end, without a traceback; what it printed, and on an error its line."""
        done = subprocess.run(
            [self.python, SCRIPTS / "runstore_beside.py", *map(str, arguments)],
            cwd=self.folder,
            env=environment(self.folder, self._variables()),
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert code is None or done.returncode == code, done.stderr
        return done.stdout if code == 0 else done.stderr

    def changes(self, *arguments: str | Path) -> dict[str, str]:
        """What a sync changed, by path."""
        found: dict[str, Any] = json.loads(self("sync", *arguments, "--json"))
        return {each["path"]: each["change"] for each in found["files"]}

    def _variables(self) -> dict[str, str]:
        own = {"RUNSTORE_CACHE_DIR": str(self.folder / "cache"), "TEST_SITE_PACKAGES": sysconfig.get_path("purelib")}
        return own | self.variables


@contextmanager
def served(interpreter: Path, script: str, *arguments: str) -> Iterator[int]:
    """A server as a process; its port."""
    command = [str(interpreter), str(SCRIPTS / script), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()


@pytest.fixture(scope="module")
def interpreter() -> Path:
    try:
        return python("storage")
    except InstallationError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture
def s3(interpreter: Path, tmp_path: Path) -> Iterator[Storage]:
    """An empty bucket."""
    with served(interpreter, "serve_s3.py") as port:
        address = f"http://127.0.0.1:{port}"
        urllib.request.urlopen(urllib.request.Request(f"{address}/bucket", method="PUT"))
        keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}
        yield Storage(interpreter, "s3://bucket/experiments", tmp_path, {**keys, "AWS_ENDPOINT_URL": address})


@pytest.fixture
def sftp(interpreter: Path, tmp_path: Path) -> Iterator[Storage]:
    """An empty directory behind SSH, on loopback, with keys that were made for it."""
    (tmp_path / "ssh/served").mkdir(parents=True)
    with served(interpreter, "serve_sftp.py", str(tmp_path / "ssh")) as port:
        url = f"sftp://127.0.0.1:{port}{tmp_path}/ssh/served/experiments"
        yield Storage(interpreter, url, tmp_path, {"HOME": str(tmp_path / "ssh/home")})


@pytest.fixture(params=["s3", "sftp"])
def storage(request: pytest.FixtureRequest) -> Storage:
    found: Storage = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def here(tmp_path: Path) -> Path:
    return write_example(tmp_path / "here")


def test_a_store_goes_there_grows_and_comes_back(storage: Storage, here: Path, tmp_path: Path) -> None:
    assert set(storage.changes(here, storage.url).values()) == {"new"}
    assert storage.changes(here, storage.url) == {}
    append(here / "p/runs/r1", curve(5, 20))
    write_file(here / "p/runs/r1/summary.json", {"loss": 0.25})
    assert storage.changes(here, storage.url) == {
        "p/runs/r1/history.jsonl": "grown",
        "p/runs/r1/summary.json": "changed",
    }
    storage("sync", storage.url, tmp_path / "back")
    assert contents(tmp_path / "back") == carried_contents(here)
    ended(here, "extra")
    storage("sync", here, storage.url)
    assert set(storage.changes(tmp_path / "back", storage.url, "--delete").values()) == {"deleted"}


def test_a_conflict_is_named_and_nothing_is_overwritten(storage: Storage, here: Path, tmp_path: Path) -> None:
    storage("sync", here, storage.url)
    ended(tmp_path / "other", "r1", key="accuracy")
    assert "p/r1" in storage("sync", tmp_path / "other", storage.url, code=1)
    storage("sync", storage.url, tmp_path / "back")
    assert contents(tmp_path / "back") == carried_contents(here)


def test_a_store_there_is_listed_shown_verified_and_built(storage: Storage, here: Path, tmp_path: Path) -> None:
    storage("sync", here, storage.url)
    listed = json.loads(storage("ls", "--store", storage.url, "--json"))
    assert {run["id"] for run in listed} == {"r1", "r2", "other"}
    assert json.loads(storage("show", "p/r1", "--store", storage.url, "--json"))["rows"] == 20
    storage("build", storage.url, "-o", tmp_path / "site")
    assert (tmp_path / "site/p/runs/r1/index.html").exists()
    storage("verify", storage.url, code=None)


def test_a_run_that_logs_while_it_is_synced_arrives_whole(storage: Storage, tmp_path: Path) -> None:
    with start_script(tmp_path, LOGGING) as process:
        assert process.stdout is not None
        process.stdout.readline()
        storage("sync", tmp_path / "experiments", storage.url)
        first = json.loads(storage("show", "alive", "--store", storage.url, "--json"))
        assert first["state"] == "running"
        assert not first["problems"]
        process.wait(_PATIENCE)
    storage("sync", tmp_path / "experiments", storage.url)
    last = json.loads(storage("show", "alive", "--store", storage.url, "--json"))
    assert (last["state"], last["rows"]) == ("finished", 400)
    assert first["rows"] < 400


def test_what_is_not_there_or_not_let_in_is_one_line(s3: Storage, sftp: Storage, here: Path) -> None:
    assert "found no store" in s3("ls", "--store", "s3://bucket/nothing", code=2)
    assert "check the bucket's name" in s3("sync", here, "s3://nobody/x", code=2)
    assert "found no store" in sftp("ls", "--store", f"{sftp.url}/nothing", code=2)
    gone = Storage(sftp.python, "sftp://127.0.0.1:1/x", sftp.folder, sftp.variables)
    assert "cannot be reached" in gone("ls", "--store", gone.url, code=2)
    nobody = Storage(s3.python, s3.url, s3.folder, {"AWS_ENDPOINT_URL": s3.variables["AWS_ENDPOINT_URL"]})
    assert "credentials" in nobody("ls", "--store", s3.url, code=2)
    stranger = Storage(sftp.python, sftp.url, sftp.folder, {"HOME": str(sftp.folder)})
    assert "ssh HOST" in stranger("ls", "--store", sftp.url, code=2)


@pytest.mark.parametrize("name", ["../outside", "p/runs/r1/files/../../../../../outside", "p/runs/r1/files/..\\x"])
def test_hostile_keys_of_a_bucket_lead_nowhere(s3: Storage, here: Path, name: str) -> None:
    s3("sync", here, s3.url)
    code = "import sys, fsspec; fsspec.filesystem('s3').pipe_file(sys.argv[1], b'x')"
    environ = {**os.environ, **s3.variables}
    subprocess.run([s3.python, "-c", code, f"bucket/experiments/{name}"], env=environ, check=True, timeout=_PATIENCE)
    s3("ls", "--store", s3.url)
    s3("build", s3.url, "-o", s3.folder / "site")
    assert not list(s3.folder.rglob("outside*"))
