"""Alerts: what a person should know soon. Each is kept with the run, printed, and posted where a webhook is set.

What is posted is JSON: `text`, which chat services show as it is, and beside it `title`, `level`, `body`, `run`,
`project`, `step` and `timestamp`. It happens in a thread: no script waits for somebody else's server.
"""

import math
import queue
import threading
import time
from datetime import timedelta
from enum import Enum
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from runstore.errors import BadTypeError, BadValueError
from runstore.format import values
from runstore.recording.linefile import Lines
from runstore.recording.parts import Desk, Part

_LONGEST_TITLE: Final = 64
_SCHEMES: Final = ("https://", "http://")
_WAIT_SECONDS: Final = 60.0
_POST_SECONDS: Final = 10.0
_END_SECONDS: Final = 2.0
_MOST_WAITING: Final = 100


class AlertLevel(Enum):
    """How much an alert matters."""

    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"


class Alerts(Part):
    """The alerts of one run. Safe for threads."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._lock = threading.RLock()
        self._said: dict[str, float] = {}
        self._lines: Lines | None = None
        self._webhook: Webhook | None = None
        self._off = False

    def alert(
        self,
        title: str,
        text: str = "",
        level: str | AlertLevel | None = None,
        wait_duration: int | float | timedelta | None = None,
    ) -> None:
        """Says `title` and `text`. The same title is not said again for `wait_duration` (seconds; a minute without it).

        A title of more than 64 characters is cut, and stands in the text as a whole. Raises `ValueError` for another
        level than INFO, WARN or ERROR, `TypeError` for a `wait_duration` that is no length of time.
        """
        name, wait = _level(level), _seconds(wait_duration)
        title, text = values.well_formed(str(title)), values.well_formed(str(text))
        if len(title) > _LONGEST_TITLE:
            title, text = title[: _LONGEST_TITLE - 1] + "…", f"{title}\n{text}".rstrip()
        with self._lock:
            now = time.monotonic()
            if self._off or now - self._said.get(title, -math.inf) < wait:
                return
            self._said[title] = now
            row = {"_timestamp": time.time(), "title": title, "text": text, "level": name, "_step": self.desk.step()}
            if self._lines is None:
                self._lines = self.desk.open_lines(self.desk.writer.alerts)
            self._lines.append(orjson.dumps(row) + b"\n")
        self.desk.say(*_shown(name, title, text))
        self._post(row)

    def beat(self) -> None:
        with self._lock:
            if self._lines is not None:
                self._lines.restore()
                self._lines.retry()

    def end(self) -> None:
        """Waits a moment for what is being posted."""
        if self._webhook is not None:
            self._webhook.close(_END_SECONDS)
        with self._lock:
            self._off = True
            if self._lines is not None:
                self._lines.retry()
                self._lines.close()

    def detach(self) -> None:
        self._lock = threading.RLock()
        self._off = True
        self._webhook = None

    def _post(self, row: dict[str, Any]) -> None:
        address = self.desk.settings.webhook
        if not address or not self.desk.on_disk:
            return
        if self._webhook is None:
            self._webhook = Webhook(address, lambda line: self.desk.trouble.warn_once("webhook", line))
        run, project = self.desk.run.id, self.desk.project.name
        text = f"*{row['title']}* ({row['level']}, run {project}/{run})" + (f"\n{row['text']}" if row["text"] else "")
        more = {"run": run, "project": project, "timestamp": row["_timestamp"], "step": row["_step"]}
        self._webhook.send({"text": text, "title": row["title"], "level": row["level"], "body": row["text"], **more})


class Webhook:
    """Posts JSON to an address, one after the other, in a thread. Its address is a secret: only its host is named."""

    def __init__(self, address: str, warn: Any) -> None:
        self._address = address
        self._warn = warn
        self._waiting: queue.Queue[bytes | None] = queue.Queue(_MOST_WAITING)
        self._thread = threading.Thread(target=self._run, name="runstore-webhook", daemon=True)
        self._thread.start()

    def send(self, content: dict[str, Any]) -> None:
        """Posts it soon. Never waits, never raises."""
        try:
            self._waiting.put_nowait(orjson.dumps(content))
        except queue.Full:
            self._warn(f"the webhook at {self._host()} is too slow: alerts are not posted")

    def close(self, seconds: float) -> None:
        """Ends the thread when all is posted; waits for that, at most `seconds`."""
        try:
            self._waiting.put_nowait(None)
        except queue.Full:
            return
        self._thread.join(seconds)
        if self._thread.is_alive():
            self._warn(f"the webhook at {self._host()} did not answer in time: alerts may not have been posted")

    def _host(self) -> str:
        try:
            return urlsplit(self._address).hostname or "an address without a host"
        except ValueError:
            return "an address that is none"

    def _run(self) -> None:
        while (data := self._waiting.get()) is not None:
            try:
                self._deliver(data)
            except Exception as error:  # Any failure of somebody else's server. Its text may hold the address.
                code = getattr(error, "code", None)
                reason = f"HTTP {code}" if code else type(getattr(error, "reason", error)).__name__
                if not self._address.lower().startswith(_SCHEMES):
                    reason = "write an address that begins with https:// or http://"
                self._warn(f"the webhook at {self._host()} did not take an alert ({reason})")

    def _deliver(self, data: bytes) -> None:
        from urllib import request

        if not self._address.lower().startswith(_SCHEMES):
            raise ValueError
        opener = request.OpenerDirector()
        for handler in (
            *(request.ProxyHandler(), request.HTTPHandler(), request.HTTPSHandler()),
            *(request.HTTPDefaultErrorHandler(), request.HTTPErrorProcessor()),
        ):
            opener.add_handler(handler)
        headers = {"Content-Type": "application/json", "User-Agent": "runstore"}
        with opener.open(request.Request(self._address, data, headers), timeout=_POST_SECONDS) as answer:  # noqa: S310
            answer.read(1 << 16)


def _level(level: str | AlertLevel | None) -> str:
    text = getattr(level, "value", level)
    name = "INFO" if text is None or text == "" else text.upper() if isinstance(text, str) else ""
    if name not in AlertLevel.__members__:
        raise BadValueError(f"alert: level is {level!r}, expected INFO, WARN or ERROR")
    return name


def _seconds(duration: Any) -> float:
    if duration is None:
        return _WAIT_SECONDS
    if isinstance(duration, timedelta):
        return duration.total_seconds()
    if isinstance(duration, int | float) and not isinstance(duration, bool) and not math.isnan(duration):
        return float(duration)
    raise BadTypeError(f"alert: wait_duration is {duration!r}, expected seconds or a datetime.timedelta")


def _shown(level: str, title: str, text: str) -> list[str]:
    first, *rest = text.split("\n")
    return [f"alert ({level}): {title}{': ' if first else ''}{first}", *(f"  {line}" for line in rest)]
