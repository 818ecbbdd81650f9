"""What somebody does on a page sets off more than one event: tests look once all had their turn, as a person does."""

import functools
import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Error, Locator, Page

# What was queued before, such as the event that a dialog was closed, is over by then.
_TURNS = "() => new Promise((done) => setTimeout(() => setTimeout(done)))"
_OF_LOCATORS = ("click", "dblclick", "press", "press_sequentially", "fill", "check", "uncheck", "select_option")
_OF_KEYBOARDS = ("press", "type")
_DRAWN_ANEW = 5


def awaited(page: Page) -> None:
    """Waits until the page has done what waited for its turn."""
    try:
        page.evaluate(_TURNS)
    except Error:
        pass  # The page was left by what was done.


def arrives(page: Page, holds: Callable[[], bool], since: float) -> float:
    """Waits until something holds on the page; how long that took since `since`."""
    while not holds():
        assert time.monotonic() - since < 20, "waited in vain"
        page.wait_for_timeout(50)
    return time.monotonic() - since


def follow_locators(patch: Callable[[object, str, Any], None]) -> None:
    """Makes every action on an element wait until the page has done what it set off."""
    for name in _OF_LOCATORS:
        patch(Locator, name, _followed(getattr(Locator, name), lambda locator, *_: locator.page))


def scroll_locators(patch: Callable[[object, str, Any], None]) -> None:
    """Makes scrolling find an element again that the page has meanwhile drawn anew, as every click does by itself."""
    scroll = Locator.scroll_into_view_if_needed

    def scrolling(locator: Locator, **named: Any) -> None:
        for _ in range(_DRAWN_ANEW):
            try:
                return scroll(locator, **named)
            except Error as gone:
                if "not attached" not in gone.message:
                    raise
        scroll(locator, **named)

    patch(Locator, "scroll_into_view_if_needed", scrolling)


def follow_keyboard(page: Page) -> None:
    """The same for the keys of a page."""
    for name in _OF_KEYBOARDS:
        setattr(page.keyboard, name, _followed(getattr(page.keyboard, name), lambda *_: page))


def _followed(act: Callable[..., Any], page_of: Callable[..., Page]) -> Callable[..., Any]:
    @functools.wraps(act)
    def acting(*given: Any, **named: Any) -> Any:
        done = act(*given, **named)
        awaited(page_of(*given))
        return done

    return acting
