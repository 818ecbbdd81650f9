"""What graphics cards are doing: NVIDIA's through the driver's library, AMD's through the files of its driver.

A card's value is `gpu.<i>.<name>`, by W&B's names; those of a card that this process or its children compute on come as
`gpu.process.<i>.<name>` too, there with the memory that they hold. What a card does not tell is left out, and where
there is no card, or no library for it, nothing is there and nothing is said.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

_SIGNS = ("/dev/nvidiactl", "/dev/dxg", "/proc/driver/nvidia")
"""One of these is there where NVIDIA's driver is."""
_PATIENCE_SAMPLES = 20
_DRM = Path("/sys/class/drm")


class Cards(Protocol):
    """The cards of one maker."""

    def sample(self, pids: set[int]) -> dict[str, float]:
        """The values of now; `pids` are the processes of the run. Must not raise."""

    def close(self) -> None:
        """Lets go of the driver."""


def find_cards() -> list[Cards]:
    """The makers whose cards are in this machine."""
    makers: list[Cards] = []
    if nvidia := _find_nvidia():
        makers.append(nvidia)
    amd = AmdCards()
    if amd.count:
        makers.append(amd)
    return makers


def _find_nvidia() -> "NvidiaCards | None":
    if "pynvml" not in sys.modules and not any(map(os.path.exists, _SIGNS)):
        return None
    try:
        import pynvml
    except Exception:  # An extra; or something else of this name, which may fail in any way.
        return None
    cards = NvidiaCards(pynvml)
    return cards if cards.start() else None


class NvidiaCards:
    """NVIDIA's cards through `pynvml`. Each question may fail by itself: a card can be lost, or too old to know."""

    def __init__(self, library: Any) -> None:
        self._nvml = library
        self._handles: list[Any] = []
        self._silent = 0

    def start(self) -> bool:
        """Asks the driver for its cards; whether there are any."""
        if self._ask(self._nvml.nvmlInit) is _NOTHING:
            return False
        count = self._ask(self._nvml.nvmlDeviceGetCount)
        found = [
            self._ask(self._nvml.nvmlDeviceGetHandleByIndex, index)
            for index in range(0 if count is _NOTHING else count)
        ]
        self._handles = [handle for handle in found if handle is not _NOTHING]
        return bool(self._handles)

    def sample(self, pids: set[int]) -> dict[str, float]:
        if self._silent and self._silent % _PATIENCE_SAMPLES == 0:
            self.start()  # The driver may have been loaded anew.
        found: dict[str, float] = {}
        for index, handle in enumerate(self._handles):
            values = dict(self._values(handle))
            found.update({f"gpu.{index}.{name}": value for name, value in values.items()})
            held = self._held_memory(handle, pids)
            if held is not None:
                if held:
                    total = values.get("memoryAllocatedBytes", 0) / (values.get("memoryAllocated", 0) or 1) * 100
                    values["memoryAllocatedBytes"] = held
                    if total:
                        values["memoryAllocated"] = 100 * held / total
                found.update({f"gpu.process.{index}.{name}": value for name, value in values.items()})
        self._silent = 0 if found else self._silent + 1
        return found

    def close(self) -> None:
        self._ask(self._nvml.nvmlShutdown)

    def _ask(self, question: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return question(*arguments)
        except Exception:  # Not supported, no permission, the card fell off the bus, a library of another age.
            return _NOTHING

    def _values(self, handle: Any) -> Iterator[tuple[str, float]]:
        nvml = self._nvml
        if (use := self._ask(nvml.nvmlDeviceGetUtilizationRates, handle)) is not _NOTHING:
            yield from (("gpu", use.gpu), ("memory", use.memory))
        if (memory := self._ask(nvml.nvmlDeviceGetMemoryInfo, handle)) is not _NOTHING and memory.total:
            yield "memoryAllocated", 100 * memory.used / memory.total
            yield "memoryAllocatedBytes", memory.used
        questions = {
            "temp": ("nvmlDeviceGetTemperature", getattr(nvml, "NVML_TEMPERATURE_GPU", 0)),
            "smClock": ("nvmlDeviceGetClockInfo", getattr(nvml, "NVML_CLOCK_SM", 1)),
            "memoryClock": ("nvmlDeviceGetClockInfo", getattr(nvml, "NVML_CLOCK_MEM", 2)),
            "graphicsClock": ("nvmlDeviceGetClockInfo", getattr(nvml, "NVML_CLOCK_GRAPHICS", 0)),
            "fanSpeed": ("nvmlDeviceGetFanSpeed",),
        }
        for name, (function, *arguments) in questions.items():
            if (value := self._ask(lambda f=function, a=arguments: getattr(nvml, f)(handle, *a))) is not _NOTHING:
                yield name, value
        if (encoder := self._ask(lambda: nvml.nvmlDeviceGetEncoderUtilization(handle))) is not _NOTHING:
            yield "encoderUtilization", encoder[0]
        power = self._ask(lambda: nvml.nvmlDeviceGetPowerUsage(handle))
        limit = self._ask(lambda: nvml.nvmlDeviceGetEnforcedPowerLimit(handle))
        yield from _power(None if power is _NOTHING else power / 1000, None if limit is _NOTHING else limit / 1000)
        yield from self._slices(handle)

    def _slices(self, handle: Any) -> Iterator[tuple[str, float]]:
        """The memory of the instances that a card is cut into (MIG), which have no other values of their own."""
        mode = self._ask(lambda: self._nvml.nvmlDeviceGetMigMode(handle))
        if mode is _NOTHING or not mode[0]:
            return
        most = self._ask(lambda: self._nvml.nvmlDeviceGetMaxMigDeviceCount(handle))
        for number in range(0 if most is _NOTHING else most):
            part = self._ask(lambda n=number: self._nvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, n))
            memory = _NOTHING if part is _NOTHING else self._ask(self._nvml.nvmlDeviceGetMemoryInfo, part)
            if memory is not _NOTHING and memory.total:
                yield f"mig.{number}.memoryAllocated", 100 * memory.used / memory.total
                yield f"mig.{number}.memoryAllocatedBytes", memory.used

    def _held_memory(self, handle: Any, pids: set[int]) -> int | None:
        """The bytes that the run's processes hold on a card, 0 where that is not told; None if they hold none."""
        held = None
        for name in ("nvmlDeviceGetComputeRunningProcesses", "nvmlDeviceGetGraphicsRunningProcesses"):
            processes = self._ask(lambda f=name: getattr(self._nvml, f)(handle))
            for process in () if processes is _NOTHING else processes:
                if process.pid in pids:
                    held = (held or 0) + (process.usedGpuMemory or 0)
        return held


class AmdCards:
    """AMD's cards, as the `amdgpu` driver's files describe them."""

    def __init__(self, root: Path = _DRM) -> None:
        devices = (card / "device" for card in sorted(root.glob("card[0-9]*")) if card.name[4:].isdecimal())
        self._devices = [device for device in devices if (device / "gpu_busy_percent").exists()]

    @property
    def count(self) -> int:
        return len(self._devices)

    def sample(self, pids: set[int]) -> dict[str, float]:
        return {
            f"gpu.{index}.{name}": value
            for index, device in enumerate(self._devices)
            for name, value in self._values(device)
        }

    def close(self) -> None:
        pass

    def _values(self, device: Path) -> Iterator[tuple[str, float]]:
        for name, file in (("gpu", "gpu_busy_percent"), ("memory", "mem_busy_percent")):
            if (percent := _read(device / file)) is not None:
                yield name, percent
        used, total = _read(device / "mem_info_vram_used"), _read(device / "mem_info_vram_total")
        if used is not None and total:
            yield from (("memoryAllocated", 100 * used / total), ("memoryAllocatedBytes", used))
        for name, file in (("smClock", "pp_dpm_sclk"), ("memoryClock", "pp_dpm_mclk")):
            if (clock := _current_clock(device / file)) is not None:
                yield name, clock
        for sensor in sorted(device.glob("hwmon/hwmon*"))[:1]:
            if (temperature := _read(sensor / "temp1_input")) is not None:
                yield "temp", temperature / 1000
            power = _first(_read(sensor / name) for name in ("power1_average", "power1_input"))
            limit = _read(sensor / "power1_cap")
            yield from _power(None if power is None else power / 1e6, None if limit is None else limit / 1e6)
            fan, fastest = _read(sensor / "pwm1"), _read(sensor / "pwm1_max") or 255
            if fan is not None:
                yield "fanSpeed", 100 * fan / fastest


class _Nothing:
    """What a question without an answer gives."""


_NOTHING = _Nothing()


def _power(watts: float | None, limit: float | None) -> Iterator[tuple[str, float]]:
    if watts is not None:
        yield "powerWatts", watts
    if limit:
        yield "enforcedPowerLimitWatts", limit
        if watts is not None:
            yield "powerPercent", 100 * watts / limit


def _read(path: Path) -> float | None:
    try:
        return float(path.read_text())
    except (OSError, ValueError):
        return None


def _first(values: Iterable[float | None]) -> float | None:
    return next((value for value in values if value is not None), None)


def _current_clock(path: Path) -> float | None:
    """The line with a star of, for example, `1: 1000Mhz *`."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        digits = "".join(filter(str.isdecimal, line.partition(":")[2]))
        if line.rstrip().endswith("*") and digits:
            return float(digits)
    return None
