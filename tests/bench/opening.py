"""Pages in Chromium for the benchmarks: opened each time in a new context, from disk, at 1440 × 900."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Browser, Page

from tests.browser.pages import READY

_SIZE = {"width": 1440, "height": 900}
_NOTES_READY = "document.addEventListener('runstore:ready', () => { window.readyAt = performance.now(); })"


def opened(browser: Browser, target: Path) -> Page:
    """A page that is ready."""
    page = browser.new_context(viewport=_SIZE).new_page()  # type: ignore[arg-type]
    page.add_init_script(_NOTES_READY)
    page.goto(target.as_uri())
    page.wait_for_selector(READY)
    return page


def ready(browser: Browser, target: Path) -> float:
    """Seconds until a page is ready."""
    page = opened(browser, target)
    milliseconds = page.evaluate("readyAt")
    page.context.close()
    return float(milliseconds) / 1000


def loaded(browser: Browser, target: Path, then: Callable[[Page], object] = lambda _: None) -> list[Path]:
    """The files that a page asks for until it is ready, and `then`."""
    page = browser.new_context(viewport=_SIZE).new_page()  # type: ignore[arg-type]
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(target.as_uri())
    page.wait_for_selector(READY)
    then(page)
    found = [Path(unquote(urlsplit(url).path)) for url in asked if url.startswith("file:")]
    page.context.close()
    return list(dict.fromkeys(found))
