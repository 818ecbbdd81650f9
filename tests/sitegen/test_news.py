"""What feeds tell of: published reports, and steps to a worse level."""

import json
from pathlib import Path
from xml.etree import ElementTree

from sitegen.build import build_site
from sitegen.extras import PublicSite
from tests.stores import write_file, write_run

_ATOM = "{http://www.w3.org/2005/Atom}"
SITE = PublicSite("https://example.org/runs/")
DONE = {"state": "finished", "exit_code": 0}


def entries(out: Path) -> dict[str, str]:
    """The titles of the feed's entries, by the addresses that they lead to."""
    found = ElementTree.parse(out / "feed.xml").getroot().iterfind(f"{_ATOM}entry")
    return {str(each.findtext(f"{_ATOM}id")): str(each.findtext(f"{_ATOM}title")) for each in found}


def test_published_reports_are_news_and_drafts_are_not(root: Path, tmp_path: Path) -> None:
    write_run(root, "p", "r1", [{"loss": 1.0}], state=DONE)
    write_file(root / "p/project.yaml", "visibility: public\n")
    for name, status in (("told", "published"), ("hidden", "draft")):
        text = f"---\ntitle: Of {name}\nstatus: {status}\ndate: 2026-11-20\ndescription: What came out.\n---\nText.\n"
        write_file(root / f"p/reports/{name}.md", text)

    out = build_site(root, tmp_path / "site", public=SITE).out

    assert entries(out) == {"https://example.org/runs/p/reports/told/": "Of told"}
    listed = json.loads((out / "feed.json").read_text())["items"]
    assert [(each["url"], each["summary"]) for each in listed] == [
        ("https://example.org/runs/p/reports/told/", "What came out.")
    ]


def test_a_metric_that_took_a_step_to_a_worse_level_is_news(root: Path, tmp_path: Path) -> None:
    write_file(root / "p/project.yaml", "visibility: public\n")
    for number in range(24):
        accuracy = (0.9 if number < 12 else 0.7) + 0.001 * (number * 7 % 5)
        meta = {"created": f"2026-10-{number + 1:02d}T00:00:00Z"}
        write_run(root, "p", f"r{number:02d}", [{"acc": accuracy}], config={"seed": number}, meta=meta, state=DONE)

    out = build_site(root, tmp_path / "site", public=SITE).out

    found = entries(out)
    assert list(found) == ["https://example.org/runs/p/runs/r12/"]
    assert "acc" in found["https://example.org/runs/p/runs/r12/"]
    assert "worse" in found["https://example.org/runs/p/runs/r12/"]


def test_a_site_without_an_address_has_no_feed(root: Path, tmp_path: Path) -> None:
    write_run(root, "p", "r1", [{"loss": 1.0}], state=DONE)
    write_file(root / "p/project.yaml", "visibility: public\n")
    assert not (build_site(root, tmp_path / "site", public=PublicSite()).out / "feed.xml").exists()
