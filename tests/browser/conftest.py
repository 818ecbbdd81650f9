"""Real Chromium on real sites. Every page is watched: an error in its console, a refused policy or a request that
leaves its origin fails the test that opened it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from tests.browser.acting import follow_keyboard, follow_locators, scroll_locators
from tests.browser.pages import CHROMIUM, FLAGS, READY, Watched
from tests.browser.stores import write_lab
from tests.browser.wicked_store import write_wicked
from tests.sites import build, hosted

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


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of a small project with groups, job types, every state, tables, a log and a patch."""
    folder = tmp_path_factory.mktemp("lab")
    return build(write_lab(folder / "experiments"), folder / "site")


@pytest.fixture(scope="session")
def wicked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of a store of all that goes wrong; the store, `experiments`, lies beside it."""
    folder = tmp_path_factory.mktemp("wicked")
    return build(write_wicked(folder / "experiments"), folder / "site")


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


@pytest.fixture
def served(lab: Path) -> Iterator[str]:
    """The address of the lab's site on a plain static host, below a path of its own."""
    with hosted(lab.parent) as address:
        yield f"{address}/{lab.name}/"
