"""Several agents on one machine: a process each, the GPUs dealt out among them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType
from typing import Final

GPUS: Final = "CUDA_VISIBLE_DEVICES"
_SIGNALS: Final = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
    if hasattr(signal, name)
)
_POLL_SECONDS: Final = 0.2


def run_processes(arguments: Sequence[str], number: int, count: int | None, say: Callable[[str], None]) -> int:
    """Runs `number` agents with these arguments of `runstore agent`, and passes signals on to them; the worst of their
    exit codes. `count` trials are shared out among them."""
    shares = [None] * number if count is None else share(count, number)
    children: list[subprocess.Popen[bytes]] = []

    def pass_on(signum: int, frame: FrameType | None) -> None:
        for child in children:
            with suppress(ProcessLookupError):
                child.send_signal(signum)

    before = {each: signal.getsignal(each) for each in _SIGNALS}
    for each in _SIGNALS:
        if before[each] is not signal.SIG_IGN:
            signal.signal(each, pass_on)
    try:
        for at, (gpus, part) in enumerate(zip(deal(gpus_here(), number), shares, strict=True), 1):
            if part != 0:
                own = ["--number", str(at), *(["--count", str(part)] if part else [])]
                children.append(_start([*arguments, *own], gpus))
        say(f"{len(children)} agents started: processes {', '.join(str(child.pid) for child in children)}")
        return max((abs(_wait(child)) for child in children), default=0)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler if handler is not None else signal.SIG_DFL)


def share(count: int, number: int) -> list[int | None]:
    """`count` in `number` parts, as even as can be."""
    return [count // number + (at < count % number) for at in range(number)]


def deal(gpus: Sequence[str], number: int) -> list[str | None]:
    """Which GPUs each of `number` processes sees: a part of its own, one shared in turn where there are fewer GPUs than
    processes, None (as it is) where there are none."""
    if not gpus:
        return [None] * number
    if len(gpus) < number:
        return [gpus[at % len(gpus)] for at in range(number)]
    return [",".join(gpus[at::number]) for at in range(number)]


def gpus_here() -> list[str]:
    """The GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them; without it, all that the driver shows."""
    given = os.environ.get(GPUS)
    if given is not None:
        return [each.strip() for each in given.split(",") if each.strip() and each.strip() != "-1"]
    try:
        listed = subprocess.run(
            ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"], capture_output=True, text=True, timeout=20
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return (
        [line.strip() for line in listed.stdout.splitlines() if line.strip().isdecimal()]
        if not listed.returncode
        else []
    )


def _start(arguments: Sequence[str], gpus: str | None) -> subprocess.Popen[bytes]:
    """A group of its own: the terminal's Ctrl-C reaches it once, by way of this process."""
    environment = {**os.environ, **({} if gpus is None else {GPUS: gpus})}
    command = [sys.executable, "-m", "runstore", "agent", *arguments]
    return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, process_group=0)


def _wait(child: subprocess.Popen[bytes]) -> int:
    while (code := child.poll()) is None:
        time.sleep(_POLL_SECONDS)
    return code
