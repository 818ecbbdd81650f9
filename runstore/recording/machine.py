"""What the machine and this process are doing: processor, memory, disk and network, by W&B's names.

Where a control group limits the process (a container, a batch system), memory and processors are those it may use.
"""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

_MB = 1 << 20
_GB = 1 << 30
_CGROUPS = Path("/sys/fs/cgroup")
_NO_DISK = re.compile(r"^(loop|ram|zram|sr|fd|nbd)\d")
_MOST_DISKS = 8
# Above this a limit means that there is none.
_UNLIMITED = 1 << 60


class Machine:
    """Takes samples. What a system does not tell is left out."""

    def __init__(self, store: Path) -> None:
        """Counts from now on; `store` is where the run is written, as its disk is one to watch."""
        self._process = psutil.Process()
        self._cpu_seconds: dict[tuple[int, float], float] = {}
        self._then = time.monotonic()
        self._limits = Limits()
        self._mounts = sorted({"/", _mount_of(store)})
        self._disks = _disks_of(self._mounts)
        self._disk_start = _disk_bytes(self._disks)
        self._network_start = _network_bytes()
        psutil.cpu_percent(percpu=True)
        self._cpu_percent(self._family())

    def sample(self) -> dict[str, float]:
        """The values of now. Rates are over the time since the last sample."""
        found: dict[str, float] = {}
        for part in (self._sample_processes, self._sample_memory, self._sample_disks, self._sample_network):
            try:
                found.update(part())
            except (psutil.Error, OSError, RuntimeError, NotImplementedError, AttributeError):
                continue  # Another system, or one that hides this from us.
        return found

    def pids(self) -> set[int]:
        """This process and those that descend from it."""
        return {process.pid for process in self._family()}

    def _family(self) -> list[psutil.Process]:
        try:
            return [self._process, *self._process.children(recursive=True)]
        except psutil.Error:
            return [self._process]

    def _sample_processes(self) -> Iterator[tuple[str, float]]:
        family = self._family()
        resident, threads = 0, 0
        for process in family:
            try:
                with process.oneshot():
                    resident += process.memory_info().rss
                    threads += process.num_threads()
            except psutil.Error:
                continue  # It has ended meanwhile.
        yield "cpu", self._cpu_percent(family) / self._limits.processors()
        yield "proc.cpu.threads", threads
        yield "proc.memory.rssMB", resident / _MB
        yield "proc.memory.percent", 100 * resident / self._memory()[0]
        for number, percent in enumerate(psutil.cpu_percent(percpu=True)):
            yield f"cpu.{number}.cpu_percent", percent

    def _cpu_percent(self, family: list[psutil.Process]) -> float:
        """What the processes used since the last call, 100 for one processor that was busy all the time."""
        now, seconds = time.monotonic(), {}
        for process in family:
            try:
                times = process.cpu_times()
                seconds[process.pid, process.create_time()] = times.user + times.system
            except psutil.Error:
                continue
        used = sum(total - self._cpu_seconds.get(key, 0.0) for key, total in seconds.items())
        percent = 100 * used / max(now - self._then, 1e-3) if self._cpu_seconds else 0.0
        self._cpu_seconds, self._then = seconds, now
        return max(percent, 0.0)

    def _memory(self) -> tuple[int, int]:
        """How much there is for this process, and how much of it is free, in bytes."""
        memory = psutil.virtual_memory()
        limit, used = self._limits.memory()
        if limit is None or limit >= memory.total:
            return memory.total, memory.available
        return limit, max(min(memory.available, limit - used), 0)

    def _sample_memory(self) -> Iterator[tuple[str, float]]:
        total, free = self._memory()
        yield "memory_percent", 100 * (total - free) / total
        yield "proc.memory.availableMB", free / _MB

    def _sample_disks(self) -> Iterator[tuple[str, float]]:
        for mount in self._mounts:
            usage = psutil.disk_usage(mount)
            yield f"disk.{mount}.usagePercent", usage.percent
            yield f"disk.{mount}.usageGB", usage.used / _GB
        for name, (read, written) in _disk_bytes(self._disks).items():
            start = self._disk_start.get(name, (0, 0))
            yield f"disk.{name}.in", max(read - start[0], 0) / _MB
            yield f"disk.{name}.out", max(written - start[1], 0) / _MB

    def _sample_network(self) -> Iterator[tuple[str, float]]:
        sent, received = _network_bytes()
        yield "network.sent", max(sent - self._network_start[0], 0)
        yield "network.recv", max(received - self._network_start[1], 0)


class Limits:
    """What the control group of this process allows, in version 1 or 2, as far as it can be read."""

    def __init__(self, root: Path = _CGROUPS, membership: Path = Path("/proc/self/cgroup")) -> None:
        self._folders: list[tuple[Path, str, str, str]] = []
        try:
            lines = membership.read_text().splitlines()
        except OSError:
            lines = []
        self._quota: Path | None = None
        for line in lines:
            _, _, rest = line.partition(":")
            controllers, _, inner = rest.partition(":")
            inner = inner.lstrip("/")
            if not controllers:
                names = ("memory.max", "memory.current", "inactive_file")
                # In a container the path is the host's, and what is mounted is our own group.
                self._folders += [(folder, *names) for folder in (root / inner, root)]
                self._quota = next((folder for folder in (root / inner, root) if (folder / "cpu.max").exists()), None)
            elif "memory" in controllers.split(","):
                names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
                self._folders += [(folder, *names) for folder in (root / "memory" / inner, root / "memory")]

    def memory(self) -> tuple[int | None, int]:
        """The most memory that may be used, None where there is no limit, and what is used, caches left out."""
        for folder, most, current, cached in self._folders:
            limit = _number(folder / most)
            if limit is not None and limit < _UNLIMITED:
                used = _number(folder / current) or 0
                return limit, max(used - _stat(folder / "memory.stat", cached), 0)
        return None, 0

    def processors(self) -> float:
        """How many processors this process may use."""
        try:
            count = float(len(os.sched_getaffinity(0)))
        except (AttributeError, OSError):
            count = float(os.cpu_count() or 1)
        if self._quota is not None:
            try:
                quota, _, period = (self._quota / "cpu.max").read_text().partition(" ")
                if quota != "max":
                    count = min(count, int(quota) / int(period))
            except (OSError, ValueError, ZeroDivisionError):
                pass  # No quota that can be read.
        return max(count, 0.01)


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):  # "max": no limit.
        return None


def _stat(path: Path, key: str) -> int:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{key} ")), 0)


def _mount_of(path: Path) -> str:
    """The mount point of the disk that `path` is on."""
    path = path.absolute()
    while not path.exists() or not os.path.ismount(path):
        if path == path.parent:
            break
        path = path.parent
    return str(path)


def _disks_of(mounts: list[str]) -> set[str]:
    """The disks that these are on; where the system does not tell (a container), those that it has."""
    found = set()
    for mount in mounts:
        try:
            device = os.stat(mount).st_dev
            target = os.path.realpath(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}")
        except OSError:
            continue
        if os.path.isdir(target):
            found.add(os.path.basename(target))
    if not found:
        try:
            names = os.listdir("/sys/block")
        except OSError:
            names = list(_counters())
        found = set(sorted(name for name in names if not _NO_DISK.match(name))[:_MOST_DISKS])
    return found


def _counters() -> dict[str, Any]:
    try:
        return psutil.disk_io_counters(perdisk=True, nowrap=True)
    except (OSError, RuntimeError, NotImplementedError, AttributeError):
        return {}


def _disk_bytes(names: set[str]) -> dict[str, tuple[int, int]]:
    """What was read and written, in bytes, by disk."""
    return {name: (io.read_bytes, io.write_bytes) for name, io in _counters().items() if name in names}


def _network_bytes() -> tuple[int, int]:
    try:
        counters: Any = psutil.net_io_counters(nowrap=True)
    except (OSError, RuntimeError, NotImplementedError, AttributeError):
        counters = None
    return (counters.bytes_sent, counters.bytes_recv) if counters is not None else (0, 0)
