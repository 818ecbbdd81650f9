"""The engine `local`: agents as processes of this machine, in the background."""

import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

from runstore.format.host import boot_id, hostname
from runstore.format.records import Heartbeat
from runstore.reading.states import process_alive
from sweeps.launch.engine import Job, JobState, Order
from sweeps.launch.options import check_known


class LocalEngine:
    """Starts processes that outlive the command; each writes to `<number>.log`."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        check_known("local", options, ())

    def launch(self, order: Order) -> Mapping[str, Any]:
        command = [sys.executable, "-m", "runstore", "agent", *order.arguments]
        started = []
        for number in range(order.agents):
            with (order.logs / f"{number}.log").open("ab") as log:
                process = subprocess.Popen(
                    command,
                    cwd=order.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # Ctrl-C in this terminal is not for them.
                )
            started.append({"pid": process.pid, "start": time.time()})
        return {"host": hostname(), "boot": boot_id(), "processes": started}

    def jobs(self, ids: Mapping[str, Any]) -> list[Job]:
        host, boot = str(ids.get("host", "")), str(ids.get("boot", ""))
        found = []
        for each in ids.get("processes", ()):
            beat = Heartbeat(pid=int(each["pid"]), host=host, boot=boot, start=float(each["start"]))
            state, detail = _state(process_alive(beat), host)
            found.append(Job(str(beat.pid), state, host, detail))
        return found


def _state(lives: bool | None, host: str) -> tuple[JobState, str]:
    if lives is None:
        return "unknown", "another host" if host != hostname() else "before a restart of this host"
    return ("running", "") if lives else ("ended", "")
