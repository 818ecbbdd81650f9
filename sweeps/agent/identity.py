"""Who an agent is: its name, and its process, so that another on the same host can tell whether it still runs."""

import os
import re
from typing import Final

from runstore.format.host import boot_id, hostname, process_start
from runstore.format.sweep_records import Process
from runstore.recording.naming import generate_id

_SLURM: Final = {
    "job": "SLURM_JOB_ID",
    "array": "SLURM_ARRAY_JOB_ID",
    "task": "SLURM_ARRAY_TASK_ID",
    "restart": "SLURM_RESTART_COUNT",
}
_ODD = re.compile(r"[^A-Za-z0-9_-]+")
_LONGEST_HOST: Final = 64


def agent_name() -> str:
    """A name that no other agent has: host, process, four characters by chance."""
    host = _ODD.sub("-", hostname()).strip("-")[:_LONGEST_HOST] or "host"
    return f"{host}-{os.getpid()}-{generate_id(4)}"


def this_process() -> Process:
    """This process, and the Slurm job that it belongs to."""
    slurm = {name: value for name, variable in _SLURM.items() if (value := os.environ.get(variable))}
    return Process(
        host=hostname(), pid=os.getpid(), boot=boot_id(), start=process_start(os.getpid()) or 0.0, slurm=slurm
    )
