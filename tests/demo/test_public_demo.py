"""The demo as the world may see it: trained here, and nothing on its pages tells where, or by whom."""

import getpass
import os
import re
from pathlib import Path

from runstore.format.host import hostname
from runstore.reading.store import read_store
from sitegen.build import build_site
from sitegen.extras import PublicSite
from sitegen.public import public_store
from sitegen.publishing.secrets import scan_files
from tests.canaries import found_in
from tests.conftest import DemoRun


def test_its_site_tells_of_no_person_and_no_place(demo_run: DemoRun, tmp_path: Path) -> None:
    site = build_site(demo_run.store, tmp_path / "out", public=PublicSite()).out
    places = (str(demo_run.store), str(Path.home()) + "/", os.getcwd(), str(demo_run.store.parent))
    assert found_in(site, places) == []
    assert not [path for path in site.rglob("*") if path.name in ("changes.patch.txt", "output.log.txt", "log.js")]
    assert not list(site.rglob("stored/*"))
    for page in site.rglob("runs/*/index.html"):
        assert not re.search(r"<dt>(?:Author|Host name|Python executable|Git repository)", page.read_text())


def test_its_records_name_neither_host_nor_user(demo_run: DemoRun) -> None:
    store = public_store(read_store(demo_run.store))
    runs = [run for project in store.projects for run in project.runs]
    assert len(store.projects) == 4
    for run in runs:
        assert not {"host", "user", "executable", "cwd"} & run.provenance.keys()
        told = repr((run.meta, run.config, run.summary, run.provenance, [each.host for each in run.attempts]))
        for name in {hostname(), getpass.getuser()} - {"root", "runner", "vm"}:
            assert not re.search(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", told, re.IGNORECASE)


def test_its_sites_hold_nothing_like_a_secret(demo_run: DemoRun, tmp_path: Path) -> None:
    for name, public in (("plain", None), ("public", PublicSite())):
        site = build_site(demo_run.store, tmp_path / name, public=public).out
        paths = [path.relative_to(site).as_posix() for path in sorted(site.rglob("*")) if path.is_file()]
        assert scan_files(site, [path for path in paths if not path.startswith("_static/")]) == []
