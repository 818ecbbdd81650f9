"""A hook of MkDocs: the gallery's pages are real ones, a public site of most of the demo's projects.

They are made of `runstore-demo` (or `DEMO_DIR`); where there is none, its models are trained first.
"""

import os
import re
import shutil
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from sitegen.build import build_site
from sitegen.extras import PublicSite

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / os.environ.get("DEMO_DIR", "runstore-demo")
GALLERY = Path(__file__).resolve().parent / "gallery"
PROJECTS = ("denoise", "digits", "tuning")
_ANY = re.compile(r"\]\((demo/[^)#]*\*[^)#]*)")


def on_startup(**_: object) -> None:
    """Before MkDocs reads its configuration."""
    source = DEMO / "experiments"
    if not (source / "store.yaml").is_file():
        from sitegen.demo import run_demo

        source = run_demo(DEMO)
    shutil.rmtree(GALLERY / "experiments", ignore_errors=True)
    for name in PROJECTS:
        shutil.copytree(source / name, GALLERY / "experiments" / name)
        described = GALLERY / "experiments" / name / "project.yaml"
        text = described.read_text(encoding="utf-8")
        described.write_text(
            re.sub("^visibility: .*$", "visibility: public", text, flags=re.MULTILINE), encoding="utf-8"
        )
    shutil.copyfile(source / "store.yaml", GALLERY / "experiments" / "store.yaml")
    build_site(GALLERY / "experiments", GALLERY / "site", public=PublicSite())


def on_files(files: Files, config: MkDocsConfig, **_: object) -> Files:
    """Adds the site's files below `demo/`."""
    for path in sorted((GALLERY / "site").rglob("*")):
        # Names that begin with a dot are the build's own.
        if path.is_file() and not path.name.startswith("."):
            place = path.relative_to(GALLERY / "site").as_posix()
            files.append(File.generated(config, f"demo/{place}", abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Links to `demo/…/*/…` lead to the first page of that form: the demo draws some ids anew."""
    return _ANY.sub(lambda found: f"]({_first(found[1])}", markdown) if page.file.src_uri == "gallery.md" else markdown


def _first(pattern: str) -> str:
    site = GALLERY / "site"
    return "demo/" + next(site.glob(pattern.removeprefix("demo/"))).relative_to(site).as_posix()
