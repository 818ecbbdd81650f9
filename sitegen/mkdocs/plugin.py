"""The plugin as MkDocs calls it: each event asks one of the other rooms."""

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin, event_priority, get_plugin_logger
from mkdocs.structure.files import File, Files, InclusionLevel

from runstore.errors import RunstoreError
from sitegen import urls
from sitegen.embedded import embedded_files
from sitegen.mkdocs.config import RunstoreConfig, usual_front
from sitegen.mkdocs.hidden import explained
from sitegen.mkdocs.markup import surrounded
from sitegen.mkdocs.page import FOLDER, Page, Source, make_page
from sitegen.mkdocs.site import Built, Site, embedding_assets, find_store, put_file
from sitegen.mkdocs.watching import Watch
from sitegen.reports.front import Front

if TYPE_CHECKING:
    from mkdocs.livereload import LiveReloadServer
    from mkdocs.structure.pages import Page as MkDocsPage

_log = get_plugin_logger("runstore")
_FIRST, _LAST = 100, -100


class RunstorePlugin(BasePlugin[RunstoreConfig]):  # type: ignore[no-untyped-call] # MkDocs types it only in part.
    """Panels, tables, values and claims over a store's runs, on any page."""

    def __init__(self) -> None:
        self._serving = False
        self._site: Site | None = None
        self._built: Built | None = None
        self._front = Front()
        self._pages: dict[str, Page] = {}
        self._watch: Watch | None = None

    def on_startup(self, *, command: Literal["build", "gh-deploy", "serve"], dirty: bool) -> None:
        self._serving = command == "serve"

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Finds the store, and reads the run sets."""
        folder = Path(config.config_file_path or ".").resolve().parent
        try:
            store = find_store(self.config.store, folder)
            self._front = usual_front(self.config.project, self.config.runs)
        except RunstoreError as error:
            raise PluginError(f"{Path(config.config_file_path).name}: plugins: runstore: {error}") from None
        if self._site is None or (self._site.store, self._site.public) != (store, self.config.public):
            self._site = Site(store, self.config.public)
        return config

    def on_pre_build(self, *, config: MkDocsConfig) -> None:
        """Brings our own site up to date."""
        self._pages.clear()
        site = self._its_site()
        try:
            site.hold()
            self._built = built = site.build()
        except RunstoreError as error:
            raise PluginError(f"runstore: {error}") from None
        quiet = built.of_reports
        for problem in built.problems:
            (_log.info if problem in quiet else _log.warning)(str(problem))
        self._say_hidden(built)
        if not self._front.project and len(built.plan.subjects) == 1:
            self._front = replace(self._front, project=next(iter(built.plan.subjects)))

    def _say_hidden(self, built: Built) -> None:
        if not built.hidden:
            return
        wanted = {self._front.project, *(spec.project for spec in self._front.runs.values())}
        names = ", ".join(built.hidden)
        say = _log.warning if wanted & set(built.hidden) or not built.plan.subjects else _log.info
        say(f"left out as private: {names}; write visibility: public into project.yaml, or public: false in mkdocs.yml")

    def on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        """Our pages become files of the site, so that links to them can be checked."""
        for file in files:
            if file.dest_uri.startswith(FOLDER):
                raise PluginError(f"runstore: found {file.src_uri}, expected nothing in {FOLDER}; name it otherwise")
        built = self._its_build()
        for path in built.paths(pages=self.config.site):
            if path.endswith("index.html"):
                source = os.fspath(built.out / path)
                files.append(
                    File.generated(config, FOLDER + path, abs_src_path=source, inclusion=InclusionLevel.NOT_IN_NAV)
                )
        return files

    @event_priority(_FIRST)
    def on_page_markdown(self, markdown: str, *, page: "MkDocsPage", config: MkDocsConfig, files: Files) -> str:
        """Before others change the lines that mistakes are told by."""
        built = self._its_build()
        source = _source(markdown, page.file, config)
        made = make_page(source, built.plan, self._front, built.digests.get)
        for line, found in made.mistakes:
            message = explained(found, built.store, self._front.project, built.hidden)
            _log.warning(f"{source.relative}, line {line}: {message}" if line else f"{source.relative}: {message}")
        self._pages[page.file.src_uri] = made
        return made.markdown

    @event_priority(_LAST)
    def on_page_content(self, html: str, *, page: "MkDocsPage", config: MkDocsConfig, files: Files) -> str:
        """After others changed what they know."""
        made = self._pages[page.file.src_uri]
        if not made.is_ours:
            return html
        if page.present_anchor_ids is not None:
            page.present_anchor_ids.update(made.ids)
        pages = self.config.site
        return surrounded(made.placed(html, pages=pages), made, page.file.dest_uri, embedding_assets(), pages=pages)

    def on_post_build(self, *, config: MkDocsConfig) -> None:
        """Puts beside the pages what they load."""
        site, built = Path(config.site_dir), self._its_build()
        for path in built.paths(pages=self.config.site):
            if not path.endswith("index.html"):
                put_file(built.out / path, site / FOLDER / path, linked=self._serving)
        self._put_own(site)
        self._its_site().release()

    def _put_own(self, site: Path) -> None:
        """The files of pages, and what all of them need that our own site does not."""
        own = {f"{FOLDER}{urls.static_file(name)}": data for name, data in embedded_files().items()}
        for made in self._pages.values():
            own.update(made.files)
        for path, data in own.items():
            (site / path).parent.mkdir(parents=True, exist_ok=True)
            (site / path).write_bytes(data)

    def on_serve(self, server: "LiveReloadServer", *, config: MkDocsConfig, builder: Any) -> "LiveReloadServer":
        """Pages follow the store."""
        site = self._its_site()
        if self._watch is None:
            self._watch = Watch(site.store, site.changed)
        server.watch(os.fspath(site.changed))
        return server

    def on_build_error(self, *, error: Exception) -> None:
        if self._site is not None:
            self._site.release()

    def on_shutdown(self) -> None:
        if self._watch is not None:
            self._watch.end()

    def _its_site(self) -> Site:
        if self._site is None:
            raise PluginError("runstore: found a build without a configuration; call it through mkdocs")
        return self._site

    def _its_build(self) -> Built:
        if self._built is None:
            raise PluginError("runstore: found a build that has not begun; call it through mkdocs")
        return self._built


def _source(markdown: str, file: File, config: MkDocsConfig) -> Source:
    """A page's text and its names."""
    if file.abs_src_path is None:
        return Source(Path(config.docs_dir) / file.src_uri, file.src_uri, file.dest_uri, file.content_string, markdown)
    path = Path(file.abs_src_path)
    relative = os.path.relpath(path, Path(config.config_file_path or ".").resolve().parent)
    return Source(path, Path(relative).as_posix(), file.dest_uri, file.content_string, markdown)
