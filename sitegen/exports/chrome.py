"""A browser of Chromium's family that is driven over two pipes: a page is opened, waited for and printed.

The protocol is Chrome's own (https://chromedevtools.github.io/devtools-protocol/): JSON messages that end in a NUL.
Over pipes nobody else on the machine can speak to the browser, as they could over a port.
"""

import base64
import fcntl
import json
import os
import selectors
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

_CHUNK: Final = 1 << 20
_INCH_CM: Final = 2.54
_A4: Final = {"paperWidth": 21.0 / _INCH_CM, "paperHeight": 29.7 / _INCH_CM}


class ChromeError(Exception):
    """The browser ended, said no, or took too long; its text says which, in one line."""


def _pipe() -> tuple[int, int]:
    """A pipe to read from and to write to, beyond the descriptors that a browser expects to have."""
    ends = os.pipe()
    high = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 16) for end in ends)
    for end in ends:
        os.close(end)
    return high[0], high[1]


def _start(command: Sequence[str], asked: int, answers: int) -> int:
    """The browser's process, the first of a group. It is asked on descriptor 3, and answers on 4."""
    silence = [(os.POSIX_SPAWN_OPEN, at, os.devnull, os.O_RDWR, 0) for at in range(3)]
    spoken = [(os.POSIX_SPAWN_DUP2, asked, 3), (os.POSIX_SPAWN_DUP2, answers, 4)]
    return os.posix_spawnp(command[0], list(command), os.environ, file_actions=[*silence, *spoken], setpgroup=0)


class Chrome:
    """A browser in a process of its own, until the end of a `with`. Raises `ChromeError` where it does not start."""

    def __init__(self, command: Sequence[str], seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self._seconds = seconds
        (asked, self._to), (self._from, answers) = _pipe(), _pipe()
        try:
            self._process = _start([*command, "--remote-debugging-pipe"], asked, answers)
        except OSError as error:
            os.close(self._to)
            os.close(self._from)
            raise ChromeError(error.strerror or str(error)) from None
        finally:
            os.close(asked)
            os.close(answers)
        self._buffer = b""
        self._last = 0
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._from, selectors.EVENT_READ)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._selector.close()
        os.close(self._to)
        os.close(self._from)
        with suppress(OSError):
            os.killpg(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)

    def print_page(self, url: str, ready: str) -> bytes:
        """The page as PDF, once the promise of the expression `ready` is kept."""
        target = self._ask("Target.createTarget", {"url": "about:blank"})["targetId"]
        session = self._ask("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        self._ask("Page.enable", session=session)
        self._ask("Page.navigate", {"url": url}, session)
        self._wait_for("Page.loadEventFired")
        found = self._ask("Runtime.evaluate", {"expression": ready, "awaitPromise": True}, session)
        if "exceptionDetails" in found:
            raise ChromeError(f"the page failed: {found['exceptionDetails'].get('text', 'it does not say why')}")
        options = {**_A4, "printBackground": True, "preferCSSPageSize": True}
        return base64.b64decode(self._ask("Page.printToPDF", options, session)["data"])

    def _ask(self, method: str, params: Mapping[str, Any] | None = None, session: str | None = None) -> Any:
        """What the browser answers. Events that come before the answer are passed over."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": params or {}}
        if session:
            message["sessionId"] = session
        try:
            os.write(self._to, json.dumps(message).encode() + b"\0")
        except OSError:
            raise ChromeError("the browser ended") from None
        while True:
            answer = self._next()
            if answer.get("id") == self._last:
                break
        if "error" in answer:
            raise ChromeError(f"{method}: {answer['error'].get('message', 'it does not say why')}")
        return answer["result"]

    def _wait_for(self, event: str) -> None:
        while self._next().get("method") != event:
            pass

    def _next(self) -> Any:
        """The next message, which may be megabytes: what was read is looked through once."""
        parts = [self._buffer]
        while b"\0" not in parts[-1]:
            left = self._until - time.monotonic()
            if left <= 0 or not self._selector.select(left):
                raise ChromeError(f"not done after {self._seconds:.0f} s")
            parts.append(os.read(self._from, _CHUNK))
            if not parts[-1]:
                raise ChromeError("the browser ended")
        last, _, self._buffer = parts[-1].partition(b"\0")
        return json.loads(b"".join([*parts[:-1], last]))
