"""`runstore serve` as a real process."""

import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cli.terminal import PROGRAM
from tests.processes import environment


@dataclass(frozen=True)
class Served:
    """A store that is being served: the address, without a slash at its end, and the process."""

    address: str
    process: subprocess.Popen[str]

    def stop(self, how: signal.Signals = signal.SIGINT) -> tuple[int, str, str]:
        """Stops it; the exit code, and what it said after the address."""
        self.process.send_signal(how)
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err


@contextmanager
def serving(store: Path, *options: str, env: Mapping[str, str] | None = None) -> Iterator[Served]:
    """Serves a store at any free port, out of a directory beside it, until the test is done with it."""
    command = [str(PROGRAM), "serve", str(store), "--port", "0", *(options or ("-o", str(store.parent / "served")))]
    process = subprocess.Popen(
        command,
        env=environment(store.parent, env),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=store.parent,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if "http://" not in line:
            raise AssertionError(f"it did not serve: {line}{process.communicate()[1]}")
        address = line.split(" at ")[1].split()[0].rstrip("/")
        yield Served(address, process)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
