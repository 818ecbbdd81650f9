"""The engine `slurm`: a job array, an agent a task, submitted through submitit.

Slurm places processes, and no more: trials are shared out through the sweep's records. A time limit or a preemption
costs no trial: the batch script hears SIGUSR1 in time, gives the trial back, and has itself queued again.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from typing import Any, Final

from runstore.errors import UsageError
from sweeps.errors import SweepError
from sweeps.launch.engine import Job, JobState, Order
from sweeps.launch.options import check_known, minutes, pairs
from sweeps.launch.task import AgentTask

OPTIONS: Final = (
    "partition",
    "time",
    "gpus_per_task",
    "cpus_per_task",
    "mem",
    "array_parallelism",
    "warning",
    "sbatch",
)
WARNING_SECONDS: Final = 120
_PATIENCE_SECONDS: Final = 30.0
_STATES: Final[Mapping[str, JobState]] = {
    "PENDING": "waiting",
    "CONFIGURING": "waiting",
    "REQUEUED": "waiting",
    "REQUEUE_HOLD": "waiting",
    "SUSPENDED": "waiting",
    "RUNNING": "running",
    "COMPLETING": "running",
    "COMPLETED": "ended",
    "CANCELLED": "ended",
}


class SlurmEngine:
    """Submits with sbatch; asks with squeue, never sacct, which a cluster without accounting has not."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        check_known("slurm", options, OPTIONS)
        self._options = options
        self._warning = int(options.get("warning", WARNING_SECONDS))
        self._extra = pairs("sbatch", options.get("sbatch", ()))
        self._time = minutes(str(options["time"])) if "time" in options else None
        if self._time is not None and self._warning >= 60 * self._time:
            raise UsageError(
                f"--warning: found {self._warning} s, expected less than the {60 * self._time} s of --time; an agent "
                "could not begin"
            )

    def launch(self, order: Order) -> Mapping[str, Any]:
        """Submits the array; its id is all that finds it again."""
        if shutil.which("sbatch") is None:
            raise SweepError("found no `sbatch`; run this on a machine of the cluster that jobs are submitted from")
        # A task of an array has a plain number too, but the last one's means the whole array.
        job = "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}" if order.agents > 1 else "$SLURM_JOB_ID"
        task = AgentTask(order.arguments, str(order.folder), self._warning, ("scontrol", "requeue", job))
        return {"job": self._submit(order, task)}

    def _submit(self, order: Order, task: AgentTask) -> str:
        try:
            import submitit
        except ImportError:
            raise SweepError("the engine slurm needs submitit: pip install 'runstore[slurm]'") from None
        # `exec`: Slurm signals the batch script alone, and that is then Python.
        executor = submitit.SlurmExecutor(order.logs, python=f"exec {shlex.quote(sys.executable)}")
        executor.update_parameters(**self._parameters(order))
        try:
            jobs = executor.map_array(task, list(range(order.agents)))
        except (OSError, subprocess.CalledProcessError, submitit.core.utils.FailedJobError) as error:
            raise SweepError(f"Slurm took no job: {_last_line(str(error))}") from None
        return str(jobs[0].job_id).partition("_")[0]

    def _parameters(self, order: Order) -> dict[str, Any]:
        """What submitit writes into the batch script."""
        given = self._options
        extra: dict[str, Any] = {"signal": f"B:USR1@{self._warning}", "requeue": True, "chdir": str(order.folder)}
        if "mem" in given:
            extra["mem"] = str(given["mem"])
        named = ("partition", "gpus_per_task", "cpus_per_task", "array_parallelism")
        return {
            "job_name": f"runstore-{order.name}",
            "time": self._time,  # None: the partition's own.
            "ntasks_per_node": 1,
            "use_srun": False,
            "stderr_to_stdout": True,
            "wckey": None,
            "additional_parameters": {**extra, **self._extra},
            **{name: given[name] for name in named if name in given},
        }

    def jobs(self, ids: Mapping[str, Any]) -> list[Job]:
        job = str(ids.get("job", ""))
        if not re.fullmatch(r"[0-9]+", job):
            raise SweepError(f"the launch names the job {job!r}, expected a number")
        command = ["squeue", "--noheader", "--array", "--states=all", f"--jobs={job}", "--format=%i|%T|%N|%r"]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=_PATIENCE_SECONDS, env={**os.environ, "LC_ALL": "C"}
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SweepError(f"squeue does not answer: {error}") from None
        if done.returncode:
            if "Invalid job id" in done.stderr:  # Slurm forgets jobs that ended, after some minutes.
                return [Job(job, "ended", detail="no longer known to Slurm")]
            raise SweepError(f"squeue does not answer: {_last_line(done.stderr)}")
        return [_job(*line.strip().split("|", 3)) for line in done.stdout.splitlines() if line.count("|") >= 3]


def _job(number: str, state: str, host: str, reason: str) -> Job:
    detail = state if reason in ("None", "") else f"{state} ({reason})"
    return Job(number, _STATES.get(state, "failed"), host, detail)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    return lines[-1] if lines else "it did not say why"
