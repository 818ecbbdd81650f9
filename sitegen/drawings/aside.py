"""A specification of a stranger's drawn by a process of its own: neither its time nor its memory is without end."""

import json
import subprocess
import sys
from typing import Final

from sitegen.drawings.drawing import Spec, UndrawableError
from sitegen.figures import picture

SECONDS: Final = 30
_MEMORY: Final = 4 << 30


def drawn_aside(spec: Spec, kind: str, *, is_vega: bool) -> bytes:
    """The picture. Raises `UndrawableError` for what cannot be drawn, or not in time."""
    # -P: the working directory may be a stranger's, and holds no module of ours.
    command = [sys.executable, "-P", "-m", "sitegen.drawings.aside", kind, "vega" if is_vega else "lite"]
    try:
        done = subprocess.run(command, input=json.dumps(spec).encode(), capture_output=True, timeout=4 * SECONDS)
    except subprocess.TimeoutExpired:
        done = None
    if done is None or done.returncode or not done.stdout:
        raise UndrawableError(f"its specification cannot be drawn, or not within {SECONDS} s; simplify it")
    return done.stdout


def _draw() -> None:
    """What the other process does: a specification in, a picture out."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
    except (ImportError, ValueError, OSError):
        pass  # Not every system has such limits; the time that the other waits is one.
    spec = json.loads(sys.stdin.buffer.read())
    sys.stdout.buffer.write(picture(spec, sys.argv[1], is_vega=sys.argv[2] == "vega"))


if __name__ == "__main__":
    _draw()
