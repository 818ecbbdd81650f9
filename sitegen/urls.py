"""Where every page and data file of the site lies: the one room that names output files."""

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from urllib.parse import quote

STATIC: Final = "_static"
MANIFEST: Final = ".runstore-site.json"
JOURNAL: Final = ".runstore-site.journal"
FRAME: Final = "frame.htm"
PLOTLY: Final = "plotly.js"
FINDER: Final = "finder.js"
NO_JEKYLL: Final = ".nojekyll"
MISSING: Final = "404.html"
ROBOTS: Final = "robots.txt"
CNAME: Final = "CNAME"
SITEMAP: Final = "sitemap.xml"
FEED: Final = "feed.xml"
JSON_FEED: Final = "feed.json"
LLMS: Final = "llms.txt"
LOG_INDEX: Final = "log.js"
FILE_INDEX: Final = "files.js"
PATCH: Final = "changes.patch.txt"
RUN_LIST: Final = "names"
REPORTS: Final = "reports"
CARD: Final = "card.png"
PINNED: Final = "_at"
EMBEDDED: Final = "_pages"
"""What the pages of other sites load that show figures of this one."""
_SAFE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,78}[A-Za-z0-9_-])?")
# Names of devices on Windows, with or without an extension.
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)
# What lies beside the projects' directories, and the names that `project_dir` makes of it.
_OURS = re.compile(
    rf"(?:{STATIC}|{PINNED}|{EMBEDDED}|index\.(?:html|json)|404\.html|robots\.txt|feed\.(?:xml|json)|llms\.txt|cname"
    r"|sitemap(?:-\d+)?\.xml)(?:-project)*",
    re.IGNORECASE,
)


def place_digest(out: Path) -> str:
    """Names the directory of a site."""
    return hashlib.sha256(os.fsencode(out.resolve())).hexdigest()[:16]


def index_page() -> str:
    return "index.html"


def document(page: str) -> str:
    """What a page shows, as data: the file beside it."""
    return f"{page.removesuffix('index.html')}index.json"


def sitemap_part(number: int) -> str:
    """A part of the sitemap (from 1) of a site that is too large for one."""
    return f"sitemap-{number}.xml"


def static_file(name: str) -> str:
    return f"{STATIC}/{name}"


def project_dir(project: str) -> str:
    """The directory of a project's pages: its name itself, but for those the site keeps for its own files."""
    return f"{project}-project" if _OURS.fullmatch(project) else project


def project_page(project: str) -> str:
    return f"{project_dir(project)}/index.html"


def run_dir(project: str, run_id: str) -> str:
    return f"{project_dir(project)}/runs/{run_id}"


def run_page(project: str, run_id: str) -> str:
    return f"{run_dir(project, run_id)}/index.html"


def page_of(project: str = "", run_id: str = "") -> str:
    """The page of a run, of a project, or of all projects. Offered to notebooks (`runstore.pages`)."""
    return run_page(project, run_id) if run_id else project_page(project) if project else index_page()


def group_page(project: str, slug: str) -> str:
    return f"{project_dir(project)}/groups/{slug}/index.html"


def sweep_dir(project: str, slug: str) -> str:
    return f"{project_dir(project)}/sweeps/{slug}"


def sweep_page(project: str, slug: str) -> str:
    return f"{sweep_dir(project, slug)}/index.html"


def artifact_page(project: str, slug: str) -> str:
    return f"{project_dir(project)}/artifacts/{slug}/index.html"


def report_dir(project: str, slug: str) -> str:
    """The directory of a report's page; `project` is "" for one about several."""
    return f"{project_dir(project)}/{REPORTS}/{slug}" if project else f"{REPORTS}/{slug}"


def report_page(project: str, slug: str) -> str:
    return f"{report_dir(project, slug)}/index.html"


def pinned_dir(sha: str) -> str:
    """Where the pages of a store lie as it was at a commit, with a slash behind."""
    return f"{PINNED}/{sha[:12]}/"


def figure_spec(number: int) -> str:
    """Where it lies, below a report's page, what its `number`-th figure is made from."""
    return f"figures/{number + 1}.json"


def report_image(name: str) -> str:
    """Where an image lies below a report's page."""
    return f"images/{name}"


def compare_page(project: str) -> str:
    return f"{project_dir(project)}/compare/index.html"


def log_shard(writer: int, number: int) -> str:
    """Where some lines of a run's log lie in the run's folder."""
    return f"log/{writer}-{number}.js"


def file_shard(number: int) -> str:
    """Where previews of a run's files lie in the run's folder."""
    return f"previews/{number}.js"


def versions_file(project: str, slug: str) -> str:
    """Where the versions of an artifact lie that its page compares."""
    return f"{project_dir(project)}/artifacts/{slug}/versions.js"


def fine_file(project: str, run_id: str, name: str) -> str:
    """Where a piece of a long run's rows lies."""
    return f"{run_dir(project, run_id)}/fine/{name}.js"


def data_file(project: str, name: str) -> str:
    return f"{project_dir(project)}/data/{name}.js"


def versioned(path: str, content: bytes) -> str:
    """A link to a file that changes with its content, so that nothing old is shown out of a browser's cache."""
    return f"{path}?v={hashlib.sha256(content).hexdigest()[:8]}"


def href(path: str, root: str = "") -> str:
    """A link to a file of the site from a page whose path to the site's root is `root`."""
    return root + quote(path, safe="/~!$&'()*+,;=@-._")


def up(path: str) -> str:
    """The way from the page `path` to the site's root: "" or "../" once a directory."""
    return "../" * path.count("/")


def slugs(names: Iterable[str]) -> dict[str, str]:
    """A directory's name for each of `names`: the name itself where it is safe on every file system.

    Other names, and those that differ from an earlier one by case alone, get a part of their digest.
    """
    chosen: dict[str, str] = {}
    taken: set[str] = set()
    for name in sorted(set(names)):
        slug = name if _SAFE.fullmatch(name) and not _DEVICES.fullmatch(name) else _made_safe(name, name)
        while slug.casefold() in taken:
            slug = _made_safe(name, slug + name)
        taken.add(slug.casefold())
        chosen[name] = slug
    return chosen


def _made_safe(name: str, seed: str) -> str:
    words = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:40]
    return f"{words}-{digest(seed)}".lstrip("-")


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
