"""Real Chromium, one for each worker. Every page is watched: an error in its console, a refused policy or a request
that leaves its origin fails the test that opened it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from tests.browser.acting import follow_keyboard, follow_locators, scroll_locators
from tests.browser.pages import CHROMIUM, FLAGS, READY, Watched

Open = Callable[..., Page]


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as found, pytest.MonkeyPatch.context() as patch:
        follow_locators(patch.setattr)
        scroll_locators(patch.setattr)
        yield found


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Open]:
    """Opens a file of a site, or an address, and waits until it is ready."""
    watched: list[Watched] = []

    def open_(target: Path | str, fragment: str = "", *, dark: bool = False, phone: bool = False) -> Page:
        size = {"width": 390, "height": 844} if phone else {"width": 1440, "height": 900}
        context = chromium.new_context(viewport=size, color_scheme="dark" if dark else "light", has_touch=phone)  # type: ignore[arg-type]
        page = context.new_page()
        follow_keyboard(page)
        address = target.as_uri() if isinstance(target, Path) else target
        watched.append(Watched(page, address))
        page.goto(address + (f"#{fragment}" if fragment else ""))
        page.wait_for_selector(READY)
        return page

    yield open_
    for each in watched:
        each.page.context.close()
    assert [trouble for each in watched for trouble in each.troubles] == []
