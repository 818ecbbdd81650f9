"""What `mkdocs.yml` says of the plugin."""

from collections.abc import Mapping
from typing import Any

from mkdocs.config import config_options as c
from mkdocs.config.base import Config

from runstore.format.sections import Section, Source
from sitegen.mkdocs.page import KEYS
from sitegen.reports.front import Front, read_keys
from sitegen.reports.mistakes import Mistakes, ReportError


class RunstoreConfig(Config):  # type: ignore[no-untyped-call] # MkDocs types its classes only in part.
    """The options of the plugin."""

    store = c.Optional(c.Dir(exists=False))
    """The store's directory, from the folder of `mkdocs.yml`. Default: as `runstore build` finds it from there."""

    project = c.Optional(c.Type(str))
    """The project of blocks that name none. Default: the store's only one."""

    runs = c.Type(dict, default={})
    """Run sets by name, for all pages."""

    site = c.Type(bool, default=True)
    """Whether the pages of runs and projects are part of the site, below `runstore/`."""

    public = c.Type(bool, default=True)
    """Whether only what is public goes out, as by `runstore build --public`."""


def usual_front(project: str | None, runs: Mapping[str, Any]) -> Front:
    """What the configuration says for all pages. Raises `ReportError` for the first mistake."""
    values = {**({"project": project} if project else {}), **({"runs": runs} if runs else {})}
    mistakes = Mistakes()
    found = read_keys(Section(values, Source("", {}, ReportError)), KEYS, mistakes, 0)
    for mistake in mistakes.found:
        raise ReportError(mistake.message)
    return Front(**found)
