"""A real Slurm of one node: munged, slurmctld and slurmd, with a configuration, ports and keys of their own."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.daemons import PATIENCE_SECONDS, Daemons, free_ports, program

CPUS = 8
_CONFIGURATION = """
ClusterName=runstore
SlurmctldHost={host}
SlurmctldPort={controller}
SlurmdPort={node}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/controller
SlurmdSpoolDir={folder}/node
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
KillWait=5
MinJobAge=300
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
SchedulerParameters=sched_interval=1,batch_sched_delay=0
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=1000 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:8
"""


@dataclass(frozen=True)
class Slurm:
    """A cluster that runs. `environment`: what a command needs to find it."""

    environment: Mapping[str, str]

    @property
    def _env(self) -> dict[str, str]:
        return {**os.environ, **self.environment}

    def run(self, *command: str) -> str:
        """What one of Slurm's commands prints."""
        return subprocess.run(command, env=self._env, check=True, capture_output=True, text=True).stdout

    def jobs(self) -> list[tuple[str, str]]:
        """The jobs that wait or run: id (`4_1` in an array) and state."""
        lines = self.run("squeue", "--noheader", "--array", "--format=%i|%T").splitlines()
        return [(number, state) for number, _, state in (line.strip().partition("|") for line in lines)]

    def start_until(self, job: str, is_done: Callable[[], bool], said: Callable[[], str]) -> None:
        """Has a requeued job begin, and waits until it has done its part: by itself it waits until the credentials of
        its first start are old. `said` is what it wrote, for a failure."""
        deadline = time.monotonic() + 2 * PATIENCE_SECONDS
        while not is_done():
            assert time.monotonic() < deadline, f"job {job} did not do its part: {self.jobs()}\n{said()}"
            # While its end is still being tidied up, the time that is set does not last; for a moment it is in no list.
            if dict(self.jobs()).get(job) in ("COMPLETING", "PENDING"):
                subprocess.run(["scontrol", "update", f"JobId={job}", "StartTime=now"], env=self._env, check=False)
            time.sleep(0.5)

    def cancel_all(self) -> None:
        self.run("scancel", "--full", "--user=root")


@contextmanager
def slurm_cluster(folder: Path) -> Iterator[Slurm]:
    """Starts the daemons; ends them, and every job, at the end."""
    daemons = Daemons(folder)
    for name in ("controller", "node"):
        (folder / name).mkdir()
    _write_configuration(folder)
    slurm = Slurm({"SLURM_CONF": str(folder / "slurm.conf")})
    try:
        _start_munge(daemons)
        daemons.start("slurmctld", [program("slurmctld"), "-D", "-f", str(folder / "slurm.conf")])
        daemons.wait(lambda: _answers(slurm), "slurmctld answers")
        daemons.start("slurmd", [program("slurmd"), "-D", "-f", str(folder / "slurm.conf")])
        daemons.wait(lambda: _is_idle(slurm), "the node is idle")
        yield slurm
        slurm.cancel_all()
        daemons.wait(lambda: not slurm.jobs(), "every job has ended")
    finally:
        daemons.stop()


def _write_configuration(folder: Path) -> None:
    controller, node = free_ports(2)
    text = _CONFIGURATION.format(
        host=socket.gethostname().split(".")[0],
        controller=controller,
        node=node,
        folder=folder,
        cpus=CPUS,
    )
    (folder / "slurm.conf").write_text(text)


def _start_munge(daemons: Daemons) -> None:
    folder = daemons.folder
    key = folder / "munge.key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o400)
    options = [f"--socket={folder}/munge.socket", f"--key-file={key}", f"--pid-file={folder}/munged.pid"]
    options += [f"--log-file={folder}/munged.log", f"--seed-file={folder}/munged.seed", "--foreground", "--force"]
    daemons.start("munged", [program("munged"), *options])
    daemons.wait((folder / "munge.socket").exists, "munged listens")


def _answers(slurm: Slurm) -> bool:
    try:
        return "UP" in slurm.run("scontrol", "ping")
    except subprocess.CalledProcessError:
        return False


def _is_idle(slurm: Slurm) -> bool:
    return "idle" in slurm.run("sinfo", "--noheader", "--format=%T")
