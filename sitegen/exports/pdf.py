"""A page printed by an installed browser of Chromium's family, headless, from a file and to a file."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from runstore.errors import UsageError

VARIABLE: Final = "RUNSTORE_BROWSER"
SECONDS: Final = 180
_NAMES: Final = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge", "msedge"),
    *("brave-browser", "vivaldi-stable", "headless_shell", "chrome-headless-shell"),
)
# The scripts draw first: the clock of the page runs ahead until nothing is left to do.
_PATIENCE_MS: Final = 60_000


def find_browser(chosen: str | None = None) -> str:
    """The browser that was chosen, by option or by environment, else the first there is. Raises `UsageError`."""
    named = chosen or os.environ.get(VARIABLE)
    if named:
        if found := shutil.which(named):
            return found
        raise UsageError(f"found no browser {named!r}; give its path with --browser, or in {VARIABLE}")
    if found := next((path for name in _NAMES if (path := shutil.which(name))), None):
        return found
    raise UsageError(
        f"found no browser to print with ({', '.join(_NAMES[:4])}, …); install Chromium, name one with --browser or "
        f"{VARIABLE}, or export .html and print that"
    )


def printed(html: bytes, browser: str) -> bytes:
    """The page as PDF. Raises `UsageError` where the browser makes none."""
    with tempfile.TemporaryDirectory(prefix="runstore-print-") as folder:
        page, target = Path(folder) / "report.html", Path(folder) / "report.pdf"
        page.write_bytes(html)
        said = _run(_command(browser, page, target, Path(folder)))
        if not target.is_file() or not target.stat().st_size:
            raise UsageError(
                f"{browser}: printed nothing ({said}); try another --browser, or export .html and print that"
            )
        return target.read_bytes()


def _command(browser: str, page: Path, target: Path, folder: Path) -> list[str]:
    # A browser refuses to sandbox itself for root, as in containers; the page is our own, and its policy loads nothing.
    unboxed = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    return [
        browser,
        "--headless",
        *unboxed,
        "--disable-gpu",
        "--no-first-run",
        "--disable-extensions",
        f"--user-data-dir={folder / 'profile'}",
        f"--virtual-time-budget={_PATIENCE_MS}",
        "--no-pdf-header-footer",
        f"--print-to-pdf={target}",
        page.as_uri(),
    ]


def _run(command: list[str]) -> str:
    """What the browser said last."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=SECONDS, text=True, errors="replace")
    except subprocess.TimeoutExpired:
        return f"not done after {SECONDS} s"
    except OSError as error:
        return error.strerror or str(error)
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return lines[-1][:200] if lines else f"it ended with {done.returncode}"
