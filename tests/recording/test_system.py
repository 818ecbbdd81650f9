"""System metrics: what system.jsonl says, from real processes; graphics cards are the one thing that is made up."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from runstore.recording import gpus
from runstore.recording.gpus import AmdCards, NvidiaCards
from runstore.recording.machine import Limits, Machine
from runstore.recording.run import Run
from tests.processes import only_run, run_script, wait_until
from tests.recording.conftest import folder_of

Begin = Callable[..., Run]
MB = 1 << 20


def samples(run: Path) -> list[dict[str, Any]]:
    path = run / "system.jsonl"
    return [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


def test_samples_have_wandbs_names_and_sensible_values(begin: Begin) -> None:
    run = begin(settings={"stats_interval": 0.2})
    wait_until(lambda: len(samples(folder_of(run))) > 1, "two samples")
    row = samples(folder_of(run))[-1]
    assert abs(row["_timestamp"] - time.time()) < 60
    assert 0 < row["_runtime"] < 60
    assert 0 <= row["cpu"] <= 100 * (os.cpu_count() or 1)
    assert row["proc.cpu.threads"] >= 2
    process = psutil.Process()
    tree = sum(each.memory_info().rss for each in (process, *process.children(recursive=True)))
    assert row["proc.memory.rssMB"] == pytest.approx(tree / MB, rel=0.8)
    for key in ("memory_percent", "proc.memory.percent", "disk./.usagePercent", "cpu.0.cpu_percent"):
        assert 0 <= row[key] <= 100, key
    assert {"proc.memory.availableMB", "disk./.usageGB", "network.sent", "network.recv"} <= set(row)
    assert not any(key.startswith("gpu.") for key in row)


def test_the_first_sample_comes_soon_and_the_last_at_the_end(tmp_path: Path) -> None:
    source = "import time, runstore\nrun = runstore.init(project='p')\ntime.sleep(1.8)\nrun.finish()\n"
    assert run_script(tmp_path, source, env={"RUNSTORE_SILENT": "1"}).returncode == 0
    first, last = samples(only_run(tmp_path))
    assert first["_runtime"] < 1.6 < last["_runtime"]


@pytest.mark.parametrize("variable", ["WANDB__DISABLE_STATS", "WANDB_X_DISABLE_STATS", "RUNSTORE_DISABLE_STATS"])
def test_they_can_be_left_out(begin: Begin, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "true")
    run = begin(settings={"stats_interval": 0.1})
    time.sleep(0.4)
    run.finish()
    assert not (folder_of(run) / "system.jsonl").exists()


def test_children_count_with_their_parent(begin: Begin, tmp_path: Path) -> None:
    source = """
        import subprocess, sys, time, runstore
        run = runstore.init(project="p", settings={"stats_interval": 0.3})
        code = "data = bytearray(150 << 20)\\nfor at in range(0, len(data), 4096): data[at] = 1\\n" \\
            "import time\\nend = time.time() + 1.5\\nwhile time.time() < end: pass"
        subprocess.run([sys.executable, "-c", code])
        run.finish()
    """
    assert run_script(tmp_path, source, env={"RUNSTORE_SILENT": "1"}).returncode == 0
    rows = samples(only_run(tmp_path))
    assert max(row["proc.memory.rssMB"] for row in rows) > 160
    assert max(row["cpu"] for row in rows) > 50 / (os.cpu_count() or 1)


def test_a_forked_child_takes_no_samples(tmp_path: Path) -> None:
    source = """
        import os, time, runstore
        run = runstore.init(project="p", settings={"stats_interval": 0.2})
        time.sleep(0.4)
        if not os.fork():
            time.sleep(1)
            os._exit(0)
        size = None
        os._exit(0)
    """
    assert run_script(tmp_path, source, env={"RUNSTORE_SILENT": "1"}).returncode == 0
    before = len(samples(only_run(tmp_path)))
    time.sleep(0.5)
    assert len(samples(only_run(tmp_path))) == before


def write(folder: Path, files: dict[str, object]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{text}\n")


def test_limits_of_a_control_group_hold(tmp_path: Path) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    write(
        new,
        {
            "me": "0::/job",
            "fs/job/memory.max": 1000 * MB,
            "fs/job/memory.current": 300 * MB,
            "fs/job/memory.stat": f"anon 5\ninactive_file {100 * MB}",
            "fs/job/cpu.max": "50000 100000",
        },
    )
    limits = Limits(new / "fs", new / "me")
    assert limits.memory() == (1000 * MB, 200 * MB)
    assert limits.processors() == 0.5
    write(old, {"me": "5:cpu,cpuacct:/a\n4:memory:/gone", "fs/memory/memory.limit_in_bytes": 2 * MB})
    assert Limits(old / "fs", old / "me").memory() == (2 * MB, 0)
    write(old, {"fs/memory/memory.limit_in_bytes": (1 << 63) - 4096})
    assert Limits(old / "fs", old / "me").memory() == (None, 0)
    assert Limits(tmp_path, tmp_path / "nothing").memory() == (None, 0)


def test_the_machines_part_that_fails_leaves_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(tmp_path)

    def fail(*_: object) -> None:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "disk_usage", fail)
    found = machine.sample()
    assert "memory_percent" in found
    assert not [key for key in found if key.endswith("usageGB")]


class FakeError(Exception):
    pass


class FakeNvml:
    """NVIDIA's library with two cards, of which the second knows little; `broken` is a driver that has gone."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.broken = False
        self.shut = False

    def nvmlInit(self) -> None:
        self._check()

    def nvmlShutdown(self) -> None:
        self.shut = True

    def nvmlDeviceGetCount(self) -> int:
        self._check()
        return 2

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        self._check()
        return index

    def nvmlDeviceGetUtilizationRates(self, card: int) -> Any:
        self._check(card)
        return SimpleNamespace(gpu=80, memory=30)

    def nvmlDeviceGetMemoryInfo(self, card: int) -> Any:
        self._check()
        return SimpleNamespace(total=1000 * MB, used=500 * MB)

    def nvmlDeviceGetTemperature(self, card: int, kind: int) -> int:
        self._check(card)
        return 61

    def nvmlDeviceGetPowerUsage(self, card: int) -> int:
        self._check(card)
        return 150_000

    def nvmlDeviceGetEnforcedPowerLimit(self, card: int) -> int:
        self._check(card)
        return 300_000

    def nvmlDeviceGetComputeRunningProcesses(self, card: int) -> list[Any]:
        self._check(card)
        return [SimpleNamespace(pid=self.pid, usedGpuMemory=200 * MB), SimpleNamespace(pid=1, usedGpuMemory=300 * MB)]

    def nvmlDeviceGetMigMode(self, card: int) -> list[int]:
        self._check()
        return [1, 1] if card == 1 else [0, 0]

    def nvmlDeviceGetMaxMigDeviceCount(self, card: int) -> int:
        return 2

    def nvmlDeviceGetMigDeviceHandleByIndex(self, card: int, number: int) -> int:
        if number:
            raise FakeError("not found")
        return 10

    def _check(self, card: int = 0) -> None:
        if self.broken or card == 1:
            raise FakeError("not supported")


def test_nvidias_cards_say_what_they_know(monkeypatch: pytest.MonkeyPatch) -> None:
    library = FakeNvml(os.getpid())
    monkeypatch.setitem(__import__("sys").modules, "pynvml", library)
    [cards] = gpus.find_cards()
    found = cards.sample({os.getpid()})
    assert found["gpu.0.gpu"] == 80
    assert found["gpu.0.memory"] == 30
    assert (found["gpu.0.memoryAllocated"], found["gpu.0.memoryAllocatedBytes"]) == (50, 500 * MB)
    assert (found["gpu.0.temp"], found["gpu.0.powerWatts"], found["gpu.0.powerPercent"]) == (61, 150, 50)
    assert found["gpu.0.enforcedPowerLimitWatts"] == 300
    assert "gpu.0.fanSpeed" not in found
    assert (found["gpu.process.0.gpu"], found["gpu.process.0.memoryAllocatedBytes"]) == (80, 200 * MB)
    assert found["gpu.process.0.memoryAllocated"] == pytest.approx(20)
    assert {key for key in found if key.startswith("gpu.1.")} == {
        "gpu.1.memoryAllocated",
        "gpu.1.memoryAllocatedBytes",
        "gpu.1.mig.0.memoryAllocated",
        "gpu.1.mig.0.memoryAllocatedBytes",
    }
    assert "gpu.process.0.gpu" not in cards.sample({999_999})
    cards.close()
    assert library.shut


def test_a_driver_that_goes_and_comes_back_is_no_trouble() -> None:
    library = FakeNvml(1)
    cards = NvidiaCards(library)
    assert cards.start()
    assert cards.sample(set())
    library.broken = True
    assert [cards.sample(set()) for _ in range(30)] == [{}] * 30
    library.broken = False
    assert any(cards.sample(set()) for _ in range(30))


def test_a_library_without_a_driver_is_no_card() -> None:
    library = FakeNvml(1)
    library.broken = True
    assert not NvidiaCards(library).start()
    assert gpus._find_nvidia() is None or os.path.exists("/dev/nvidiactl")


def test_amds_cards_are_read_from_the_drivers_files(tmp_path: Path) -> None:
    write(
        tmp_path / "card1" / "device",
        {
            "gpu_busy_percent": 42,
            "mem_info_vram_used": 4 * MB,
            "mem_info_vram_total": 16 * MB,
            "pp_dpm_sclk": "0: 500Mhz\n1: 1700Mhz *",
            "hwmon/hwmon3/temp1_input": 55_000,
            "hwmon/hwmon3/power1_average": 120_000_000,
            "hwmon/hwmon3/power1_cap": 240_000_000,
        },
    )
    write(tmp_path / "card0" / "device", {"vendor": "0x1a03"})
    write(tmp_path, {"card1-HDMI-A-1/status": "connected"})
    cards = AmdCards(tmp_path)
    assert cards.count == 1
    assert cards.sample(set()) == {
        "gpu.0.gpu": 42,
        "gpu.0.memoryAllocated": 25,
        "gpu.0.memoryAllocatedBytes": 4 * MB,
        "gpu.0.smClock": 1700,
        "gpu.0.temp": 55,
        "gpu.0.powerWatts": 120,
        "gpu.0.enforcedPowerLimitWatts": 240,
        "gpu.0.powerPercent": 50,
    }
    assert AmdCards(tmp_path / "nothing").count == 0


def test_cards_are_in_the_runs_rows(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pynvml", FakeNvml(os.getpid()))
    run = begin(settings={"stats_interval": 0.2})
    wait_until(lambda: samples(folder_of(run)), "a sample")
    assert samples(folder_of(run))[0]["gpu.process.0.powerWatts"] == 150
