"""A small web server for one site on this machine: files, what is live about them, and nobody else's requests.

It answers pages of its own origin alone: a name that was made to lead here (DNS rebinding) is refused, and no other
site can load the data files as its scripts.
"""

import gzip
import html
import ipaddress
import mimetypes
import os
import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

import orjson

from sitegen import urls
from sitegen.media_types import TYPES

FIRST_PORT: Final = 8000
_PORTS_TRIED: Final = 50
_MOST_ASKED: Final = 200
_GZIPPED: Final = range(1024, 4 << 20)
_CHUNK: Final = 1 << 18
_RANGE: Final = re.compile(r"bytes=(\d*)-(\d*)")

_TYPES: Final = {
    **{f".{ending}": kind for ending, kind in TYPES.items()},
    ".css": "text/css; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".htm": "text/html; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".jsonl": "text/plain; charset=utf-8",
    ".log": "text/plain; charset=utf-8",
    ".md": "text/plain; charset=utf-8",
    ".patch": "text/plain; charset=utf-8",
    ".py": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".yaml": "text/plain; charset=utf-8",
    ".yml": "text/plain; charset=utf-8",
}
# What a run left behind may be a page with scripts: it gets an origin of its own, and no rights.
_ACTIVE: Final = ("text/html", "image/svg+xml", "text/xml", "application/xml", "application/xhtml+xml")
_NO_RIGHTS: Final = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_HEADERS: Final = {
    "Cache-Control": "no-cache",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
}
_MISSING: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · Runstore</title>
<link rel="stylesheet" href="/{style}">
</head>
<body>
<main class="page">
<h1>{title}</h1>
<p>{message}</p>
<p><a href="/">All projects</a></p>
</main>
</body>
</html>
"""


@dataclass
class Live:
    """What pages are told: the site's files by digest as the last good build left them, and what is wrong since.

    `version` changes with any file, `release` with the site's scripts and styles.
    """

    version: str = ""
    release: str = ""
    digests: Mapping[str, str] = field(default_factory=dict)
    trouble: str | None = None

    def answer(self, known: str, asked: list[str]) -> dict[str, Any]:
        """The digests of the files that a page asks for; None for one that is gone. Nothing of them if it is up to
        date."""
        digests = self.digests
        told = {} if known == self.version else {path: digests.get(path) for path in asked[:_MOST_ASKED]}
        return {"version": self.version, "release": self.release, "trouble": self.trouble, "files": told}


class SiteServer(ThreadingHTTPServer):
    """Serves the site in `root` at `host`. With `port` None it takes the first that is free from 8000 on."""

    daemon_threads = True

    def __init__(self, root: Path, host: str, port: int | None, live: Live) -> None:
        """Raises `OSError` when the address cannot be had."""
        self.root = root.resolve()
        self.host = host
        self.live = live
        self.address_family = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][0]
        self._bind_first(range(FIRST_PORT, FIRST_PORT + _PORTS_TRIED) if port is None else range(port, port + 1))

    def _bind_first(self, ports: range) -> None:
        for port in ports:
            try:
                super().__init__((self.host, port), _Handler)
                return
            except OSError:
                if port == ports[-1]:
                    raise

    @property
    def address(self) -> str:
        """Where a browser on this machine finds the site."""
        shown = "127.0.0.1" if self.host in ("0.0.0.0", "") else "::1" if self.host == "::" else self.host  # noqa: S104
        return f"http://{f'[{shown}]' if ':' in shown else shown}:{self.server_port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that went away before it had its answer is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: SiteServer
    server_version = "runstore"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = 60

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Quiet: a page asks every second."""

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        self._body = with_body
        if not self._is_ours(self.headers.get("Host", "")):
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST, "This name does not lead to this site.")
        elif not self._is_own_request():
            self._refuse(HTTPStatus.FORBIDDEN, "Another site asked for this.")
        else:
            parts = urlsplit(self.path)
            query = parse_qs(parts.query)
            dynamic: dict[str, Callable[[dict[str, list[str]]], None]] = {
                f"/{urls.static_file('_live.js')}": self._send_live,
                f"/{urls.static_file('_page.js')}": self._send_page,
            }
            path = unquote(parts.path, errors="replace")
            if path in dynamic:
                dynamic[path](query)
            else:
                self._send_path(path, parts.path)

    def _is_ours(self, name: str) -> bool:
        """Whether a Host header names this machine: an address, which no name server decides, or a name it has."""
        try:
            host = (urlsplit(f"//{name}").hostname or "").rstrip(".")
        except ValueError:
            return False
        if host in ("localhost", self.server.host.lower(), socket.gethostname().lower()) or host.endswith(".localhost"):
            return True
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return False
        return True

    def _is_own_request(self) -> bool:
        """Whether a page of this site asks, or a person opens an address: other sites load nothing from here."""
        site = self.headers.get("Sec-Fetch-Site", "none")
        return site in ("same-origin", "none") or self.headers.get("Sec-Fetch-Mode") == "navigate"

    def _send_live(self, query: dict[str, list[str]]) -> None:
        told = self.server.live.answer(query.get("at", [""])[0], query.get("of", []))
        self._send(b"runstore.live.hear(" + orjson.dumps(told) + b");\n", _TYPES[".js"])

    def _send_page(self, query: dict[str, list[str]]) -> None:
        """A page as a script that carries its text: the policy of our pages lets them load nothing else."""
        path = query.get("of", [""])[0]
        file = self._find(path)
        text = file.read_text(encoding="utf-8") if file is not None and file.name == "index.html" else None
        told = orjson.dumps(path) + b"," + orjson.dumps(text)
        self._send(b"runstore.live.turn(" + told + b");\n", _TYPES[".js"])

    def _send_path(self, path: str, asked: str) -> None:
        file = self._find(path[1:])
        if file is None and self._find(f"{path[1:].rstrip('/')}/index.html") is not None:
            if not path.endswith("/"):
                # Relative, and one segment: `//elsewhere` would lead away.
                self._redirect(f"{asked.rpartition('/')[2]}/")
                return
            file = self._find(f"{path[1:]}index.html")
        if file is None:
            self._refuse(
                HTTPStatus.NOT_FOUND, f"The site has no page {path}. A run or a project may have been deleted."
            )
            return
        try:
            self._send_file(file)
        except FileNotFoundError:  # A build removed it just now.
            self._refuse(HTTPStatus.NOT_FOUND, f"The site has no page {path} any more.")

    def _find(self, path: str) -> Path | None:
        """The file of the site at a path. Nothing hidden that no build wrote, nothing outside, nothing through a link
        that leads out."""
        parts = path.split("/") if path else ["index.html"]
        if any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in parts):
            return None
        if any(part.startswith(".") for part in parts) and path not in self.server.live.digests:
            return None
        file = self.server.root.joinpath(*parts)
        try:
            inside = file.resolve().is_relative_to(self.server.root)
            return file if inside and file.is_file() else None
        except (OSError, ValueError):
            return None

    def _send_file(self, file: Path) -> None:
        kind = _TYPES.get(file.suffix.lower()) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        path = file.relative_to(self.server.root).as_posix()
        with file.open("rb") as content:
            state = os.fstat(content.fileno())
            headers = {"ETag": f'"{state.st_mtime_ns:x}-{state.st_size:x}"', "Accept-Ranges": "bytes"}
            if kind.startswith(_ACTIVE) and not self._is_page(path):
                headers["Content-Security-Policy"] = _NO_RIGHTS
            if path == urls.static_file("base.js"):
                start = b"runstore.live.start(" + orjson.dumps(self.server.live.version) + b");\n"
                self._send(content.read() + start, kind)
            elif self.headers.get("If-None-Match") == headers["ETag"]:
                self._start(HTTPStatus.NOT_MODIFIED, headers)
            elif state.st_size in _GZIPPED and kind.startswith(("text/", "application/json", "image/svg")):
                self._send(content.read(), kind, headers)
            else:
                self._stream(content, state.st_size, {"Content-Type": kind, **headers})

    @staticmethod
    def _is_page(path: str) -> bool:
        return _PAGE.fullmatch(path) is not None or path == _FRAME

    def _stream(self, content: Any, size: int, headers: dict[str, str]) -> None:
        """A file as it is, or the part that was asked for: players seek in long media."""
        asked = _RANGE.fullmatch(self.headers.get("Range", ""))
        first, last = _range(asked, size) if asked else (0, size - 1)
        if asked and first > last:
            self._start(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, {"Content-Range": f"bytes */{size}"})
            return
        length = last - first + 1
        if asked:
            headers = {**headers, "Content-Range": f"bytes {first}-{last}/{size}"}
        self._start(HTTPStatus.PARTIAL_CONTENT if asked else HTTPStatus.OK, headers, length)
        if self._body:
            content.seek(first)
            _copy(content, self.wfile, length)

    def _send(self, body: bytes, kind: str, headers: Mapping[str, str] | None = None) -> None:
        told = {"Content-Type": kind, "Vary": "Accept-Encoding", **(headers or {})}
        if len(body) in _GZIPPED and "gzip" in self.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body, 1)
            told["Content-Encoding"] = "gzip"
        self._start(HTTPStatus.OK, told, len(body))
        if self._body:
            self.wfile.write(body)

    def _redirect(self, target: str) -> None:
        self._start(HTTPStatus.MOVED_PERMANENTLY, {"Location": target})

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        style = urls.static_file("index.css")
        title = "Nothing here" if status == HTTPStatus.NOT_FOUND else "Refused"
        body = _MISSING.format(title=title, message=html.escape(message), style=style).encode("utf-8", "replace")
        policy = {"Content-Security-Policy": "default-src 'none'; style-src 'self'"}
        self._start(status, {"Content-Type": _TYPES[".html"], **policy}, len(body))
        if self._body:
            self.wfile.write(body)

    def _start(self, status: HTTPStatus, headers: Mapping[str, str], length: int = 0) -> None:
        self.send_response(status)
        for name, value in {**_HEADERS, **headers}.items():
            self.send_header(name, value)
        if status != HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Length", str(length))
        self.end_headers()


_FRAME: Final = urls.static_file(urls.FRAME)
# A run's own files lie deeper than any page.
_PAGE: Final = re.compile(r"(?:[^/]+/){0,3}index\.html")


def _range(asked: re.Match[str], size: int) -> tuple[int, int]:
    """The first and the last byte that are asked for; the first behind the last where there are none."""
    first, last = asked[1], asked[2]
    if not first:
        return (max(0, size - int(last)), size - 1) if last and int(last) else (0, -1)
    return int(first), min(int(last), size - 1) if last else size - 1


def _copy(source: Any, target: Any, length: int) -> None:
    while length > 0 and (chunk := source.read(min(length, _CHUNK))):
        target.write(chunk)
        length -= len(chunk)
