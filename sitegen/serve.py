"""`runstore serve`: the site of a store, kept up to date and served on this machine while somebody works.

The store is watched; what changed is built, one build at a time, into a directory of the user's own, and open pages
are told which of their files are new.
"""

import hashlib
import json
import os
import signal
import threading
import time
import types
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from runstore.errors import RunstoreError, StoreError
from sitegen import urls
from sitegen.assets import cache_dir
from sitegen.build import BuildReport, Kept, Progress, build_site
from sitegen.host import Live, SiteServer

DEBOUNCE_MS: Final = 250
"""Changes that come without a pause of `STEP_MS` are gathered for so long."""
STEP_MS: Final = 50
QUIET_MS: Final = 1000
"""After so long without a change it looks once more: files of a directory that was made just now may be missed."""
IDLE_SECONDS: Final = 60.0
"""After so long it looks again in any case: a run whose process is gone changes no file."""
REMOTE_SECONDS: Final = 10.0
"""How often a store elsewhere is looked at."""
_REST_SECONDS: Final = 1.0
_QUIET: Final = frozenset({".cache", ".git", "__pycache__"})
_OF_STORE: Final = frozenset(map(urls.static_file, (urls.FINDER, urls.FRAME, urls.PLOTLY)))
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Serving:
    """Where and how a store is served. `out` None: a directory in the user's cache; `port` None: the first free one.

    `refresh` brings a store up to date that is a mirror of one elsewhere, which is then asked every ten seconds.
    """

    store: Path
    out: Path | None = None
    host: str = "127.0.0.1"
    port: int | None = None
    open_browser: bool = False
    poll: bool = False
    refresh: Callable[[], None] | None = None


def serve(
    how: Serving,
    say: Callable[[str], None],
    progress: Callable[[], AbstractContextManager[Progress | None]] = nullcontext,
) -> None:
    """Builds, serves and rebuilds until it is interrupted. `say` is given what a person should know, in lines;
    `progress` shows how far the first build is.

    Raises `StoreError` when the first build fails, the store is being served already or the address cannot be had. A
    later build that fails is told in one line, and the site stays as it was.
    """
    with _stopped_by_signals(), _own_place(how) as (out, announce):
        live, kept = Live(), Kept()
        with progress() as report:
            _publish(build_site(how.store, out, progress=report, kept=kept), live)
        server = _server(how, out, live)
        threading.Thread(target=server.serve_forever, name="runstore-serve", daemon=True).start()
        announce(server.address)
        say(f"serving {how.store} at {server.address} (Ctrl-C ends it)")
        if how.host not in _LOOPBACK:
            say(f"warning: everybody who can reach {how.host}:{server.server_port} can read this store")
        if how.open_browser:
            webbrowser.open(server.address)
        try:
            _keep_up(how, lambda: _refreshed(how, out, kept), live, say)
        except KeyboardInterrupt:
            say("stopped")
        finally:
            server.shutdown()
            server.server_close()


def _refreshed(how: Serving, out: Path, kept: Kept) -> BuildReport:
    if how.refresh is not None:
        how.refresh()
    return build_site(how.store, out, kept=kept)


def _server(how: Serving, out: Path, live: Live) -> SiteServer:
    try:
        return SiteServer(out, how.host, how.port, live)
    except (OSError, OverflowError, ValueError) as error:
        # A name that no name server could know is a `UnicodeError`.
        reason = "no such name" if isinstance(error, ValueError) else getattr(error, "strerror", None) or str(error)
        where = f"{how.host}:{how.port}" if how.port is not None else how.host
        raise StoreError(f"{where}: cannot serve there ({reason.lower()}); choose another --host or --port") from None


def _keep_up(how: Serving, build: Callable[[], BuildReport], live: Live, say: Callable[[str], None]) -> None:
    """Rebuilds after every change; ends with a `KeyboardInterrupt`."""
    settled, looked = False, 0.0
    for changed in _changes(how, say):
        began = time.monotonic()
        if not changed and settled and began - looked < IDLE_SECONDS:
            continue
        _rebuild(build, live, say)
        settled, looked = not changed, time.monotonic()
        # Half of the time at most, so that a script that logs all the time keeps its processor.
        time.sleep(min(looked - began, _REST_SECONDS))


def _rebuild(build: Callable[[], BuildReport], live: Live, say: Callable[[str], None]) -> None:
    try:
        _publish(build(), live)
    except Exception as error:  # Whatever a store does to a build, those who read the old site can go on.
        name = "" if isinstance(error, RunstoreError) else f"{type(error).__name__}: "
        trouble = " ".join(f"{name}{error}".split())
        if trouble != live.trouble:
            say(f"warning: the site stays as it was: {trouble}")
        live.trouble = trouble
        return
    if live.trouble is not None:
        live.trouble = None
        say("the site is up to date again")


def _publish(report: BuildReport, live: Live) -> None:
    manifest = (report.out / urls.MANIFEST).read_bytes()
    live.digests = json.loads(manifest)["files"]
    scripts = sorted(path for path in live.digests if path.startswith(f"{urls.STATIC}/") and path not in _OF_STORE)
    live.release = hashlib.sha256(json.dumps([live.digests[path] for path in scripts]).encode()).hexdigest()[:16]
    live.version = hashlib.sha256(manifest).hexdigest()[:16]


def _changes(how: Serving, say: Callable[[str], None]) -> Iterator[bool]:
    """True each time that the store changed, False for each while without."""
    while how.refresh is not None:  # Elsewhere nobody tells of changes: it is asked.
        time.sleep(REMOTE_SECONDS)
        yield True
    if not how.poll:
        try:
            yield from watched(how.store, polling=False)
        except OSError as error:
            # A system watches so many directories for a user, and no more.
            say(f"warning: cannot be told of changes ({error.strerror or error}); looks for them every second instead")
    yield from watched(how.store, polling=True)


def watched(store: Path, *, polling: bool) -> Iterator[bool]:
    """True each time that a store changed, False for each while without. Raises `OSError` where nobody can tell."""
    from watchfiles import watch

    root = store.resolve()
    found = watch(
        root,
        watch_filter=lambda _, path: _matters(Path(path).relative_to(root)),
        debounce=DEBOUNCE_MS,
        step=STEP_MS,
        rust_timeout=QUIET_MS,
        yield_on_timeout=True,
        force_polling=polling,
        poll_delay_ms=1000,
        ignore_permission_denied=True,
    )
    return (bool(changes) for changes in found)


def _matters(path: Path) -> bool:
    """Whether a path of the store is more than its cache, or a file that is about to get its name."""
    return _QUIET.isdisjoint(path.parts) and not path.name.endswith((".tmp", ".lock"))


@contextmanager
def _own_place(how: Serving) -> Iterator[tuple[Path, Callable[[str], None]]]:
    """The site's directory, held by this process alone, and what notes the address for whoever wants it next.

    Raises `StoreError` when another process serves from it.
    """
    if how.out is not None:
        yield how.out, lambda _: None
        return
    name = hashlib.sha256(os.fsencode(how.store.resolve())).hexdigest()[:16]
    folder = cache_dir() / "serve" / name
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder}: cannot be made ({error.strerror}); choose another place with -o") from None
    noted = folder / "address"
    lock = FileLock(folder / "lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        where = noted.read_text(encoding="utf-8") if noted.is_file() else "another address"
        raise StoreError(
            f"{how.store} is being served at {where}; open that, or choose another place with -o"
        ) from None
    try:
        yield folder / "site", lambda address: _note(noted, address)
    finally:
        noted.unlink(missing_ok=True)
        lock.release()


def _note(path: Path, address: str) -> None:
    path.write_text(address, encoding="utf-8")


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """What ends a service (SIGTERM) ends this one as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_signal: int, _frame: types.FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
