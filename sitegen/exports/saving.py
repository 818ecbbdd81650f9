"""A report as a file of the kind that its name asks for, with what belongs beside it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runstore.errors import StoreError, UsageError
from runstore.format.records import write_atomically
from sitegen.exports.opening import opened
from sitegen.exports.papers import Paper, paper, zipped
from sitegen.exports.pdf import find_browser, printed
from sitegen.exports.pictures import safe_name
from sitegen.exports.single import single_file
from sitegen.extras import public_site

KINDS: Final = (".html", ".pdf", ".zip", ".tex", ".md")


@dataclass(frozen=True, slots=True)
class Saved:
    """The files that were written, the report first, and what is wrong with it, in lines."""

    paths: tuple[Path, ...]
    problems: tuple[str, ...] = ()


def export_report(root: Path, name: str, target: Path, *, url: str = "", browser: str | None = None) -> Saved:
    """Writes a report to `target`, whose ending says as what.

    Raises `UsageError` for an ending or a `url` that is none, or where no browser prints, `StoreError` for what cannot
    be read or written.
    """
    url = public_site(url).url
    kind = target.suffix.lower()
    if kind not in KINDS:
        raise UsageError(f"{target}: found no known ending, expected one of {', '.join(KINDS)}; rename it")
    if kind in (".html", ".pdf"):
        return _page(root, name, target, url, browser)
    stem = safe_name(target.stem) or "report"
    with opened(root, name) as found:
        made = paper(found, "md" if kind == ".md" else "tex", stem, url)
    if kind == ".zip":
        return Saved((_written(target, zipped(made, stem)),), made.problems)
    return Saved(tuple(_beside(target, made)), made.problems)


def _page(root: Path, name: str, target: Path, url: str, browser: str | None) -> Saved:
    program = find_browser(browser) if target.suffix.lower() == ".pdf" else ""
    html = single_file(root, name, url)
    return Saved((_written(target, printed(html, program) if program else html),))


def _beside(target: Path, made: Paper) -> list[Path]:
    written = [_written(target, made.text.encode("utf-8", "replace"))]
    for path, content in sorted(made.files.items()):
        written.append(_written(target.parent / path, content))
    return written


def _written(path: Path, content: bytes) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written ({error.strerror}); choose another -o") from None
    return path
