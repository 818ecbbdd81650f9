"""What a run computes on: processor, memory, graphics cards. Never raises; what is not known is left out."""

import os
import re
import sys
from pathlib import Path
from typing import Any

_GB = 1 << 30
_PATIENCE_SECONDS = 5.0


def describe_hardware() -> dict[str, Any]:
    """Keys: `cpu` (model), `cpu_count` (cores), `cpu_count_logical`, `memory_gb`, `gpu` (a list of models)."""
    try:
        text = Path("/proc/cpuinfo").read_text(errors="replace")
    except OSError:
        text = ""
    facts = {
        "cpu": _cpu(text),
        "cpu_count": _cores(text) or os.cpu_count(),
        "cpu_count_logical": os.cpu_count(),
        "memory_gb": _memory_gb(),
        "gpu": _nvidia_gpus() + _amd_gpus(),
    }
    return {key: value for key, value in facts.items() if value}


def _cpu(cpuinfo: str) -> str:
    for line in cpuinfo.splitlines():
        if line.startswith("model name"):
            return " ".join(line.partition(":")[2].split())
    if sys.platform == "darwin":
        return _run(["sysctl", "-n", "machdep.cpu.brand_string"])
    import platform

    return platform.processor() or platform.machine()


def _cores(cpuinfo: str) -> int:
    """The number of cores: pairs of socket and core that differ."""
    sockets = re.findall(r"^physical id\s*:\s*(\d+)", cpuinfo, re.MULTILINE)
    cores = re.findall(r"^core id\s*:\s*(\d+)", cpuinfo, re.MULTILINE)
    if cores and len(sockets) == len(cores):
        return len(set(zip(sockets, cores, strict=True)))
    import psutil  # It knows other systems, and takes longer to load than all else here.

    return psutil.cpu_count(logical=False) or 0


def _memory_gb() -> float:
    try:
        return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / _GB, 1)
    except (OSError, ValueError):
        return 0.0


def _nvidia_gpus() -> list[str]:
    """The cards' models, as the driver's own files say them: asking costs nothing and wakes no card."""
    found = []
    for information in sorted(Path("/proc/driver/nvidia/gpus").glob("*/information")):
        try:
            lines = information.read_text(errors="replace").splitlines()
        except OSError:
            continue
        found += [line.partition(":")[2].strip() for line in lines if line.startswith("Model:")]
    # In a container these files may be missing though the device is there.
    if not found and any(Path("/dev").glob("nvidia[0-9]*")):
        listed = _run(["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"])
        found = [line.strip() for line in listed.splitlines() if line.strip()]
    return found


def _amd_gpus() -> list[str]:
    """The cards' models, as the driver's own files say them."""
    found = []
    for path in sorted(Path("/sys/class/drm").glob("card[0-9]*/device/product_name")):
        try:
            found.append(path.read_text(errors="replace").strip())
        except OSError:
            continue
    return [name for name in found if name]


def _run(command: list[str]) -> str:
    import subprocess

    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
