"""Pages open from disk and from a static host, under a strict policy, asking nothing of anybody else."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.chromium import Open
from tests.browser.pages import ink
from tests.sites import build
from tests.stores import write_run, write_store

PAGES = (
    "index.html",
    "lab/index.html",
    "lab/runs/showcase/index.html",
    "lab/groups/adam-0-1-%/index.html",
    "other/index.html",
)


def page_path(site: Path, name: str) -> Path:
    """A page by its path, `%` standing for what makes a group's directory unique."""
    return next(site.glob(name.replace("%", "*")))


@pytest.mark.parametrize("name", PAGES)
def test_page_is_ready_from_disk_without_an_error_or_a_foreign_request(lab: Path, open_page: Open, name: str) -> None:
    page = open_page(page_path(lab, name))
    assert page.locator("h1").count() == 1


@pytest.mark.parametrize("name", PAGES)
def test_page_is_ready_from_a_static_host_below_a_sub_path(lab: Path, served: str, open_page: Open, name: str) -> None:
    page = open_page(served + page_path(lab, name).relative_to(lab).as_posix())
    assert page.locator("h1").count() == 1


@pytest.mark.parametrize("name", PAGES)
def test_page_carries_a_policy_with_neither_eval_nor_inline_scripts_nor_inline_styles(
    lab: Path, open_page: Open, name: str
) -> None:
    page = open_page(page_path(lab, name))
    policy = page.locator("meta[http-equiv=Content-Security-Policy]").get_attribute("content")
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert page.locator("script:not([src])").count() == 0


def test_policy_is_enforced_on_what_a_page_would_smuggle_in(lab: Path, chromium: Browser) -> None:
    page = chromium.new_page()
    page.goto((lab / "index.html").as_uri())
    blocked = page.evaluate(
        """() => new Promise((resolve) => {
            document.addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective));
            const script = document.createElement("script");
            script.textContent = "window.smuggled = true";
            document.body.append(script);
            setTimeout(() => resolve(String(window.smuggled)), 500);
        })"""
    )
    assert blocked == "script-src-elem"
    page.close()


@pytest.mark.parametrize("metric", ["train/loss", "val/accuracy"])
def test_charts_are_painted(lab: Path, open_page: Open, metric: str) -> None:
    page = open_page(lab / "lab" / "index.html")
    assert ink(page, metric) > 2000


def test_links_lead_from_the_front_page_to_a_project_and_on_to_a_run(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "index.html")
    page.get_by_role("link", name="lab", exact=True).click()
    page.wait_for_selector("html[data-ready=true]")
    page.get_by_role("button", name="Ungroup").click()
    page.get_by_role("grid", name="Runs").get_by_role("link", name="showcase").click()
    page.wait_for_selector("html[data-ready=true]")
    assert page.locator("h1").inner_text().startswith("showcase")
    page.get_by_role("link", name="Runstore: all projects").click()
    page.wait_for_selector("html[data-ready=true]")
    assert page.url.endswith("index.html")


def test_store_without_runs_says_what_to_do(tmp_path: Path, open_page: Open) -> None:
    page = open_page(build(write_store(tmp_path / "experiments"), tmp_path / "site") / "index.html")
    assert "import runstore as wandb" in page.locator(".empty").first.inner_text()


def test_project_without_numbers_says_what_to_do(tmp_path: Path, open_page: Open) -> None:
    root = write_store(tmp_path / "experiments")
    write_run(root, "empty", "nothing", b"")
    page = open_page(build(root, tmp_path / "site") / "empty" / "index.html")
    assert page.locator("[data-no-charts]").is_visible()
    assert "run.log" in page.locator("[data-no-charts]").inner_text()
