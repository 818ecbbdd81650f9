"""`mkdocs serve` with the plugin, as a real process: pages follow the store."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from tests.mkdocs.sites import write_lab, write_site
from tests.stores import write_run

PATIENCE = 120.0


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def text_at(address: str) -> str:
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            found: str = answer.read().decode()
            return found
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return ""


def wait_for(holds: Callable[[], bool]) -> bool:
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        if holds():
            return True
        time.sleep(0.2)
    return False


def test_pages_follow_the_store_and_a_build_is_no_change_of_it(tmp_path: Path, cache: Path) -> None:
    store = write_lab(tmp_path / "experiments")
    write_site(tmp_path, {"index.md": "There are {{ runs | length }} runs."}, site_url="")
    port = free_port()
    environment = {**os.environ, "RUNSTORE_CACHE_DIR": str(cache), "NO_MKDOCS_2_WARNING": "1"}
    log = tmp_path / "log"
    with log.open("w") as told:
        command = [sys.executable, "-m", "mkdocs", "serve", "-a", f"127.0.0.1:{port}"]
        server = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=told, stderr=subprocess.STDOUT)
    try:
        address = f"http://127.0.0.1:{port}/"
        assert wait_for(lambda: "There are 6 runs" in text_at(address)), log.read_text()
        write_run(store, "lab", "r6", [{"_step": 0, "acc": 1}], {"lr": 1}, {"name": "later"}, {"state": "finished"})
        assert wait_for(lambda: "There are 7 runs" in text_at(address)), log.read_text()
        assert "later" in text_at(f"{address}runstore/lab/runs/r6/index.html")
        builds = log.read_text().count("Documentation built")
        time.sleep(3)
        assert log.read_text().count("Documentation built") <= builds + 1
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)
