"""Alerts: kept, printed, posted; and never in the way."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import runstore
from runstore.recording.alerts import AlertLevel
from runstore.recording.run import Run
from tests.processes import wait_until
from tests.recording.conftest import folder_of

Begin = Callable[..., Run]


class Server:
    """A real web server that keeps what is posted to it; `status` is what it answers, after `delay` seconds."""

    def __init__(self) -> None:
        self.posted: list[Any] = []
        self.status = 200
        self.delay = 0.0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                data = self.rfile.read(int(self.headers["Content-Length"]))
                time.sleep(outer.delay)
                outer.posted.append((self.path, self.headers["Content-Type"], json.loads(data)))
                self.send_response(outer.status)
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}/hooks/s3cr3t?key=k3pt"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


def kept(run: Run) -> list[dict[str, Any]]:
    path = folder_of(run) / "alerts.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_an_alert_names_the_row_that_was_logged_last_or_gathers_values(begin: Begin) -> None:
    run = begin()
    run.alert("before the first row")
    run.log({"loss": 1.0}, step=120)
    run.alert("beside a row that gathers")
    run.log({"loss": 1.0}, step=120, commit=True)
    run.alert("after a row")
    run.log({"loss": 1.0})
    run.alert("after the next")
    run.log({"loss": 1.0}, commit=False)
    run.alert("beside the one after that")
    run.finish()
    assert [row["_step"] for row in kept(run)] == [0, 120, 120, 121, 122]
    again = begin(id=run.id, resume="must")
    again.alert("as an attempt begins")
    assert again.step == 123
    [line] = (folder_of(again) / "alerts.2.jsonl").read_text().splitlines()
    assert json.loads(line)["_step"] == 123


def test_an_alert_is_kept_and_printed(begin: Begin, capsys: pytest.CaptureFixture[str]) -> None:
    run = begin(settings={"silent": False})
    run.log({"a": 1})
    run.alert("Low accuracy", "it is 0.1\nlook at it", AlertLevel.WARN)
    [row] = kept(run)
    assert {key: row[key] for key in ("title", "text", "level", "_step")} == {
        "title": "Low accuracy",
        "text": "it is 0.1\nlook at it",
        "level": "WARN",
        "_step": 0,
    }
    assert abs(row["_timestamp"] - time.time()) < 60
    assert "alert (WARN): Low accuracy: it is 0.1\nrunstore:   look at it\n" in capsys.readouterr().err


def test_a_title_is_not_said_again_until_its_time_is_over(run: Run) -> None:
    for _ in range(3):
        run.alert("same", wait_duration=0.2)
    run.alert("other")
    run.alert("other", wait_duration=timedelta(hours=1))
    assert [row["title"] for row in kept(run)] == ["same", "other"]
    time.sleep(0.25)
    run.alert("same", wait_duration=timedelta(seconds=0.2))
    run.alert("same", wait_duration=0)
    assert [row["title"] for row in kept(run)] == ["same", "other", "same", "same"]


@pytest.mark.parametrize("level", ["INFO", "warn", AlertLevel.ERROR, None])
def test_levels(run: Run, level: Any) -> None:
    run.alert("t", level=level)
    assert kept(run)[0]["level"] == {"warn": "WARN", None: "INFO", AlertLevel.ERROR: "ERROR"}.get(level, level)


def test_mistakes_are_told_as_wandb_tells_them(run: Run) -> None:
    with pytest.raises(ValueError, match="level is 'LOUD', expected INFO, WARN or ERROR"):
        run.alert("t", level="LOUD")
    with pytest.raises(TypeError, match="wait_duration is '5', expected seconds"):
        run.alert("t", wait_duration="5")  # type: ignore[arg-type]
    assert kept(run) == []


def test_a_long_title_is_cut_and_kept_whole_in_the_text(run: Run) -> None:
    run.alert("t" * 100, "text")
    [row] = kept(run)
    assert len(row["title"]) == 64
    assert row["text"] == "t" * 100 + "\ntext"


def test_alerts_are_posted_as_json_that_chat_services_take(begin: Begin, server: Server) -> None:
    run = begin(settings={"webhook": server.address}, id="abc")
    run.alert("Loss is NaN", "at epoch 3", "ERROR")
    run.finish()
    [(path, kind, body)] = server.posted
    assert (path, kind) == ("/hooks/s3cr3t?key=k3pt", "application/json")
    assert body["text"] == "*Loss is NaN* (ERROR, run p/abc)\nat epoch 3"
    assert (body["title"], body["level"], body["body"], body["run"]) == ("Loss is NaN", "ERROR", "at epoch 3", "abc")


@pytest.mark.parametrize("trouble", ["refused", "error", "slow", "scheme"])
def test_a_webhook_in_trouble_holds_nothing_up_and_its_secret_is_not_said(
    begin: Begin, server: Server, trouble: str, capsys: pytest.CaptureFixture[str]
) -> None:
    address = server.address
    if trouble == "refused":
        address = "http://127.0.0.1:9/hooks/s3cr3t?key=k3pt"
    if trouble == "scheme":
        address = "file:///etc/s3cr3t"
    server.status, server.delay = (500 if trouble == "error" else 200), (6.0 if trouble == "slow" else 0.0)
    run = begin(settings={"webhook": address, "silent": False})
    began = time.monotonic()
    run.alert("first")
    run.alert("second")
    assert time.monotonic() - began < 0.5
    run.finish()
    assert time.monotonic() - began < 4
    said = capsys.readouterr().err
    assert said.count("the webhook at") == 1
    assert "s3cr3t" not in said
    assert "k3pt" not in said
    assert len(kept(run)) == 2


def test_a_disabled_run_posts_nothing(tmp_path: Path, server: Server) -> None:
    run = runstore.init(mode="disabled", dir=tmp_path, settings={"webhook": server.address, "silent": True})
    run.alert("t")
    run.finish()
    assert server.posted == []
    assert list(tmp_path.iterdir()) == []


def test_the_modules_names(run: Run) -> None:
    runstore.alert("by the module", level="WARN")
    wait_until(lambda: kept(run), "kept")
    assert [level.value for level in AlertLevel] == ["INFO", "WARN", "ERROR"]


@pytest.mark.parametrize("address", ["hooks.example.org/x", "ftp://hooks.example.org/x"])
def test_an_address_that_no_alert_can_be_posted_to_is_told_of_without_it(
    begin: Begin, capsys: pytest.CaptureFixture[str], address: str
) -> None:
    run = begin({"webhook": address, "silent": False})
    run.alert("a")
    run.finish()
    told = capsys.readouterr().err
    assert "did not take an alert (write an address that begins with https:// or http://)" in told
    assert address not in told
