"""A page printed by an installed browser of Chromium's family, headless, from a file and to a file."""

import os
import shutil
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
_READY: Final = """
new Promise((resolve) => {
  const look = () => (document.documentElement.dataset.ready === "true" ? resolve() : setTimeout(look, 20));
  look();
}).then(() => runstore.printing.prepare()).then(() => document.fonts.ready).then(() => true)
"""
"""Kept when every panel is drawn for paper."""


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
    """The page as PDF, when all of its panels are drawn. Raises `UsageError` where the browser makes none."""
    if os.name != "posix":
        raise UsageError("PDF is printed on Linux and macOS only; export .html, open it, and press Ctrl+P")
    from sitegen.exports.chrome import Chrome, ChromeError  # Not at the top: it needs POSIX.

    with tempfile.TemporaryDirectory(prefix="runstore-print-", ignore_cleanup_errors=True) as folder:
        page = Path(folder) / "report.html"
        page.write_bytes(html)
        try:
            with Chrome(_command(browser, Path(folder)), SECONDS) as chrome:
                return chrome.print_page(page.as_uri(), _READY)
        except ChromeError as error:
            raise UsageError(
                f"{browser}: printed nothing ({error}); try another --browser, or export .html and print that"
            ) from None


def _command(browser: str, folder: Path) -> list[str]:
    # A browser refuses to sandbox itself for root, as in containers; the page is our own, and its policy loads nothing.
    unboxed = ["--no-sandbox"] if os.geteuid() == 0 else []
    return [
        browser,
        "--headless",
        *unboxed,
        "--disable-gpu",
        "--no-first-run",
        "--disable-extensions",
        "--disable-background-networking",
        "--disable-dev-shm-usage",
        f"--user-data-dir={folder / 'profile'}",
    ]
