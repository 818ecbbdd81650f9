"""Takes the pictures of the documentation from the demo's own site: `make pictures`.

python site/take_pictures.py SITE
"""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.pages import CHROMIUM, FLAGS, READY

IMAGES = Path(__file__).parent / "docs" / "images"
PICTURES = {
    "project.png": ("digits/index.html#group=config.model&shade=minmax", "light"),
    "project-dark.png": ("digits/index.html#group=", "dark"),
    "run.png": ("digits/runs/mlp-cropped/index.html", "light"),
    "media.png": ("digits/runs/mlp-lr0.03-eval/index.html#media", "light"),
    "artifact.png": ("digits/artifacts/mlp-lr0.03/index.html", "light"),
}


def main(site: Path) -> None:
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name, (address, theme) in PICTURES.items():
            page = browser.new_page(viewport={"width": 1360, "height": 850}, color_scheme=theme)  # type: ignore[arg-type]
            page.goto(f"{site.resolve().as_uri()}/{address}")
            page.wait_for_selector(READY)
            page.screenshot(path=IMAGES / name)
            page.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
