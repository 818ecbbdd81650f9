"""Takes the pictures of the documentation from the demo's public pages, which name no machine: `make pictures`.

python site/take_pictures.py SITE
"""

import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.pages import CHROMIUM, FLAGS, READY

IMAGES = Path(__file__).parent / "docs" / "images"
SETTLED_MS = 1500
VIEWS = {"views.png": "What matters", "many-media.png": "What is misread"}
"""Saved views of the demo, by the picture that shows each."""
PICTURES = {
    "project.png": ("digits/index.html#group=config.model&shade=minmax", "light"),
    "project-dark.png": ("digits/index.html#group=", "dark"),
    "compare.png": ("digits/compare/index.html#runs=mlp-lr0.3-fold0%2Cmlp-lr0.03-fold0%2Clinear-lr0.3-fold0", "light"),
    "group.png": ("denoise/groups/width32/index.html", "light"),
    "run.png": ("digits/runs/mlp-cropped/index.html", "light"),
    "media.png": ("digits/runs/mlp-lr0.03-eval/index.html#media", "light"),
    "artifact.png": ("digits/artifacts/mlp-lr0.03/index.html", "light"),
    "sweep.png": ("tuning/sweeps/*/index.html", "light"),
    "report.png": ("digits/reports/cross-validation/index.html", "light"),
}
TALL = {"sweep.png": 1500, "report.png": 1900}
"""Pictures that show more than a screen's height, in px."""


def main(site: Path) -> None:
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name, (address, theme) in PICTURES.items():
            size = {"width": 1360, "height": TALL.get(name, 850)}
            page = browser.new_page(viewport=size, color_scheme=theme)  # type: ignore[arg-type]
            _open(page, site, _existing(site, address))
            page.screenshot(path=IMAGES / name)
            page.close()
        for name, view in VIEWS.items():
            page = browser.new_page(viewport={"width": 1360, "height": 850})
            _open(page, site, "digits/index.html")
            page.get_by_role("link", name=view).click()
            page.wait_for_load_state("networkidle")
            page.wait_for_timeout(SETTLED_MS)
            page.screenshot(path=IMAGES / name)
            page.close()
        browser.close()


def _existing(site: Path, address: str) -> str:
    """The address with the names that `*` stands for: a sweep's id is drawn anew for each demo."""
    return next(site.glob(address)).relative_to(site).as_posix() if "*" in address else address


def _open(page: Page, site: Path, address: str) -> None:
    page.goto(f"{site.resolve().as_uri()}/{address}")
    page.wait_for_selector(READY)
    page.wait_for_timeout(SETTLED_MS)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
