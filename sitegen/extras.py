"""What a site has beside its pages once it stands at an address of the world: what hosts and search engines ask for."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from runstore.errors import UsageError
from sitegen import urls
from sitegen.feeds import Feed, FeedItem, atom, json_feed, merged
from sitegen.pages.context import PageContext
from sitegen.planned import PlannedFile, fingerprint

Robots = Literal["allow", "deny"]

MOST_IN_SITEMAP: Final = 50_000
"""A sitemap may not list more (sitemaps.org); of a larger site there are several, and a list of these."""
_SITEMAP: Final = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_XML: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'


@dataclass(frozen=True, slots=True)
class PublicSite:
    """A site that is made for the world. `url` is where it will stand, with a slash at its end, "" when unknown.

    `cname` is the domain that GitHub Pages is to serve it at, `robots` what search engines are told, None for nothing.
    """

    url: str = ""
    cname: str = ""
    robots: Robots | None = None

    def address(self, path: str) -> str:
        """The absolute address of a file of the site, "" where the site's own is unknown."""
        return urls.href(path.removesuffix(urls.index_page()), self.url) if self.url else ""

    @property
    def feed(self) -> str:
        """The file of the feed."""
        return urls.FEED

    @property
    def hidden(self) -> bool:
        """Whether search engines are asked to leave the pages alone."""
        return self.robots == "deny"


@dataclass(frozen=True, slots=True)
class MissingPage(PageContext):
    """Context of `missing.html`, which hosts show for what is not there."""


def public_site(url: str = "", cname: str = "", robots: Robots | None = None) -> PublicSite:
    """A public site by what a person says of it. Raises `UsageError` for an address that is none."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        parts, host = urlsplit(""), None
    if url and (parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment or parts.username):
        raise UsageError(f"found the address {url!r}, expected one such as https://example.org/experiments/")
    if cname and (not cname.isascii() or not all(map(_is_label, cname.split("."))) or "." not in cname):
        raise UsageError(f"found the domain {cname!r}, expected one such as runs.example.org")
    return PublicSite(f"{url.rstrip('/')}/" if url else "", cname.lower(), robots)


def _is_label(label: str) -> bool:
    return 0 < len(label) < 64 and label.replace("-", "a").isalnum() and label.strip("-") == label


@dataclass(frozen=True, slots=True)
class News:
    """Something that feeds tell of: its page's file, and the time that it is from (epoch s)."""

    page: str
    title: str
    summary: str
    when: float


def extra_files(
    site: PublicSite,
    paths: Sequence[str],
    release: str,
    render: Callable[[str, PageContext], bytes],
    title: str = "",
    news: Sequence[News] = (),
) -> Iterator[PlannedFile]:
    """The files; `paths` are those that the site has already, `news` what its feeds, called `title`, tell of."""
    pages = sorted(path for path in paths if path.rpartition("/")[2] == urls.index_page())
    own = fingerprint(release, site.url, site.cname, site.robots)
    yield PlannedFile(urls.MISSING, own, lambda: _missing(site, render))
    if site.robots is not None:
        yield PlannedFile(urls.ROBOTS, own, lambda: _robots(site))
    if site.cname:
        yield PlannedFile(urls.CNAME, own, lambda: f"{site.cname}\n".encode())
    if site.url:
        yield from _sitemaps(site, pages, fingerprint(own, pages))
        feed = partial(_feed, site, title or "Experiments", news)
        told = fingerprint(own, title, [(each.page, each.title, each.summary, each.when) for each in news])
        yield PlannedFile(urls.FEED, told, lambda: atom(feed(urls.FEED)))
        yield PlannedFile(urls.JSON_FEED, told, lambda: json_feed(feed(urls.JSON_FEED)))


def _feed(site: PublicSite, title: str, news: Sequence[News], file: str) -> Feed:
    items = (
        FeedItem(site.address(each.page), each.title, site.address(each.page), each.when, each.summary) for each in news
    )
    return Feed(title, site.address(urls.index_page()), site.address(file), merged(items))


def _missing(site: PublicSite, render: Callable[[str, PageContext], bytes]) -> bytes:
    """The page for what is not there. It is shown at any address: only an absolute one leads from it to the others."""
    template = "missing.html.jinja" if site.url else "missing-bare.html.jinja"
    return render(template, MissingPage("Page not found", site.url, ()))


def _robots(site: PublicSite) -> bytes:
    rule = "Disallow: /" if site.hidden else "Allow: /"
    map_line = f"Sitemap: {site.address(urls.SITEMAP)}\n" if site.url and not site.hidden else ""
    return f"User-agent: *\n{rule}\n{map_line}".encode()


def _sitemaps(site: PublicSite, pages: Sequence[str], digest: str) -> Iterator[PlannedFile]:
    """One sitemap, or several with a list of them at the place of the one."""
    addresses = [site.address(page) for page in pages]
    if len(addresses) <= MOST_IN_SITEMAP:
        yield PlannedFile(urls.SITEMAP, digest, partial(_listed, "urlset", "url", addresses))
        return
    names = []
    for number, part in enumerate(_parts(addresses), 1):
        names.append(urls.sitemap_part(number))
        yield PlannedFile(names[-1], digest, partial(_listed, "urlset", "url", part))
    yield PlannedFile(urls.SITEMAP, digest, partial(_listed, "sitemapindex", "sitemap", list(map(site.address, names))))


def _parts(addresses: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(addresses), MOST_IN_SITEMAP):
        yield addresses[start : start + MOST_IN_SITEMAP]


def _listed(whole: str, item: str, addresses: Sequence[str]) -> bytes:
    lines = "".join(f"<{item}><loc>{escape(address)}</loc></{item}>\n" for address in addresses)
    return f"{_XML}<{whole} {_SITEMAP}>\n{lines}</{whole}>\n".encode()
