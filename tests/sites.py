"""Sites built for tests, and a plain static host."""

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from sitegen.build import build_site


def build(store: Path, out: Path) -> Path:
    """Builds the site of a store and returns its directory."""
    return build_site(store, out).out


@contextmanager
def hosted(directory: Path) -> Iterator[str]:
    """The address of a directory's files on a static host of this machine, without a slash at its end."""
    handler = functools.partial(_Quiet, directory=str(directory))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass
