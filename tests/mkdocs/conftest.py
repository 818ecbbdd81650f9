"""Sites of MkDocs, built once for all tests of a worker, and Chromium as the other browser tests have it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import Open
from tests.mkdocs.sites import DEEP, INDEX, built, write_lab, write_site
from tests.sites import hosted

MATERIAL = {
    "name": "material",
    "font": False,
    "features": ["navigation.instant"],
    "palette": [
        {"scheme": "default", "toggle": {"icon": "material/weather-night", "name": "dark"}},
        {"scheme": "slate", "toggle": {"icon": "material/weather-sunny", "name": "light"}},
    ],
}
# The search of MkDocs' own themes does not start on pages from disk, and one of them fails without it.
SITES: dict[str, Any] = {
    "material": {"theme": MATERIAL, "use_directory_urls": True},
    "material-flat": {"theme": {"name": "material", "font": False}, "use_directory_urls": False},
    "mkdocs": {"theme": {"name": "mkdocs", "highlightjs": False}, "use_directory_urls": False},
    "readthedocs": {"theme": {"name": "readthedocs", "highlightjs": False}, "use_directory_urls": True, "others": ()},
}


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where Runstore keeps what it made for these tests."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session", params=sorted(SITES))
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """A site of each theme, with addresses of both kinds."""
    folder = tmp_path_factory.mktemp(request.param)
    write_lab(folder / "experiments")
    pages = {"index.md": INDEX, "a b/deep.md": DEEP}
    return built(write_site(folder, pages, **SITES[request.param]), cache)


@pytest.fixture
def home(site: Path, open_page: Open) -> Iterator[Page]:
    """The first page of a site, from disk where its theme can be."""
    if "mkdocs" not in site.parent.name:
        yield open_page(site / "index.html")
        return
    with hosted(site) as address:
        yield open_page(f"{address}/")
