"""What a run's system metrics are called on its page, and which section each stands in: by device, as in W&B."""

import re
from typing import Final

SECTIONS: Final = ("GPU", "Process", "CPU", "Memory", "Disk", "Network", "Other")
"""In the order of the page: what a training waits for comes first."""

_GPU: Final = {
    "gpu": "utilization (%)",
    "memory": "memory access (%)",
    "memoryAllocated": "memory allocated (%)",
    "memoryAllocatedBytes": "memory allocated (bytes)",
    "temp": "temperature (°C)",
    "smClock": "SM clock (MHz)",
    "memoryClock": "memory clock (MHz)",
    "graphicsClock": "graphics clock (MHz)",
    "fanSpeed": "fan speed (%)",
    "encoderUtilization": "encoder utilization (%)",
    "powerWatts": "power (W)",
    "powerPercent": "power (%)",
}
_DISK: Final = {"usagePercent": "used (%)", "usageGB": "used (GB)", "in": "read (MB)", "out": "written (MB)"}
_PLAIN: Final = {
    "cpu": ("Process", "Process CPU utilization (%)"),
    "proc.cpu.threads": ("Process", "Process threads"),
    "proc.memory.rssMB": ("Process", "Process memory in use (MB)"),
    "proc.memory.percent": ("Process", "Process memory in use (%)"),
    "memory_percent": ("Memory", "System memory in use (%)"),
    "proc.memory.availableMB": ("Memory", "Memory available (MB)"),
    "network.sent": ("Network", "Sent (bytes)"),
    "network.recv": ("Network", "Received (bytes)"),
}
_GPU_KEY: Final = re.compile(r"gpu\.(process\.)?(\d+)\.(?:mig\.(\d+)\.)?(\w+)")
_CPU_KEY: Final = re.compile(r"cpu\.(\d+)\.cpu_percent")
_DISK_KEY: Final = re.compile(r"disk\.(.+)\.(\w+)")


def named(key: str) -> tuple[str, str]:
    """The section and the title of a system metric; one that nobody knows stands under its own key at the end."""
    if key in _PLAIN:
        return _PLAIN[key]
    if (found := _GPU_KEY.fullmatch(key)) and found[4] in _GPU:
        whose = "Process GPU" if found[1] else "GPU"
        part = f" slice {found[3]}" if found[3] else ""
        return "GPU", f"{whose} {found[2]}{part} {_GPU[found[4]]}"
    if found := _CPU_KEY.fullmatch(key):
        return "CPU", f"CPU {found[1]} utilization (%)"
    if (found := _DISK_KEY.fullmatch(key)) and found[2] in _DISK:
        return "Disk", f"{found[1]} {_DISK[found[2]]}"
    return "Other", key


def place(key: str) -> tuple[int, tuple[tuple[int, str], ...]]:
    """Where a metric stands: by its section, then by its key, in which numbers count as numbers."""
    parts = re.split(r"(\d+)", key)
    return SECTIONS.index(named(key)[0]), tuple((int(part) if part.isdecimal() else 0, part) for part in parts)
