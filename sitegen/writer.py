"""A second process that renders pages and writes files, while this one makes what comes next.

It is started for sites with many pages, where there is a processor for it. What it is sent are pickles, from this
process alone; it answers once, at the end.
"""

import json
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from sitegen.assets import AssetSet, templates_dir
from sitegen.planned import Unrendered

LEAST_PAGES: Final = 200
"""For fewer pages it would take longer to start than it saves."""
_CODE: Final = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from sitegen.writer import work; work()"


class Writer:
    """The second process. What it is given, it does in turn."""

    def __init__(self, assets: AssetSet) -> None:
        """Raises `OSError` when there can be no such process."""
        command = [sys.executable, "-c", _CODE, json.dumps([*sys.path])]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            self._send(assets)
        except OSError:
            self.close()
            raise

    def write(self, path: str, content: bytes | Unrendered) -> None:
        """Writes a new file. What becomes of it, `finish` tells. Raises `OSError` if the process is gone."""
        self._send((path, content))

    def finish(self) -> dict[str, str]:
        """The digests of the pages that were rendered, by path, once all is written. Raises what went wrong there."""
        self._send(None)
        assert self._process.stdout is not None
        try:
            found = pickle.load(self._process.stdout)  # noqa: S301 - from our own process
        except EOFError:
            raise OSError("the process that writes pages ended before it was done") from None
        if isinstance(found, BaseException):
            raise found
        return dict(found)

    def close(self) -> None:
        """Ends the process, done or not."""
        self._process.kill()
        self._process.communicate()

    def _send(self, message: Any) -> None:
        assert self._process.stdin is not None
        pickle.dump(message, self._process.stdin, pickle.HIGHEST_PROTOCOL)
        if message is None:
            self._process.stdin.flush()


@contextmanager
def writer_for(pages: int, assets: AssetSet) -> Iterator[Writer | None]:
    """A writer for so many pages; None where it is not worth it, or there can be none."""
    made = None
    if pages >= LEAST_PAGES and sys.executable and _processors() > 1:
        try:
            made = Writer(assets)
        except OSError:
            made = None
    try:
        yield made
    finally:
        if made is not None:
            made.close()


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def create(path: str | Path, content: bytes) -> None:
    """Writes a file. A file object would ask the system twice as often, for each of thousands of files."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
    finally:
        os.close(descriptor)


def digest(content: bytes) -> str:
    """What the manifest says of a file."""
    return sha256(content).hexdigest()[:24]


def work() -> None:
    """The second process: does what comes in at standard input, and answers at standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Who is interrupted is the first; it ends this one.
    answer: dict[str, str] | BaseException
    try:
        answer = _work()
    except EOFError:  # The first process is gone.
        return
    except Exception as error:
        answer = error
        _wait()
    try:
        data = pickle.dumps(answer)
    except Exception:
        data = pickle.dumps(RuntimeError(repr(answer)))
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _work() -> dict[str, str]:
    from sitegen.render import Renderer

    digests: dict[str, str] = {}
    renderer = Renderer(templates_dir(), _received())
    while (message := _received()) is not None:
        path, content = message
        if isinstance(content, Unrendered):
            content = renderer.render(content.template, content.page)
            digests[path] = digest(content)
        folder = os.path.dirname(path)
        try:
            create(path, content)
        except FileNotFoundError:
            os.makedirs(folder, exist_ok=True)
            create(path, content)
    return digests


def _wait() -> None:
    """Takes what still comes, which nobody wants any more."""
    try:
        while _received() is not None:
            pass
    except EOFError:
        pass


def _received() -> Any:
    return pickle.load(sys.stdin.buffer)  # noqa: S301 - from the process that started this one
