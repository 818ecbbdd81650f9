"""Feeds of what is new: Atom 1.0 (RFC 4287) and JSON Feed 1.1. The same items give the same bytes."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit
from xml.etree import ElementTree

from runstore.errors import UsageError

_ATOM: Final = "http://www.w3.org/2005/Atom"
_JSON_FEED: Final = "https://jsonfeed.org/version/1.1"
_LATEST: Final = 253_402_300_799.0
# What XML 1.0 has no way to write, escaped or not.
_UNWRITABLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One piece of news. `id` is a URI that stays the same for good, `url` its page, `updated` epoch s.

    `title` and `summary` are plain text; `html`, "" for none, is trusted to be clean.
    """

    id: str
    title: str
    url: str
    updated: float
    summary: str
    html: str = ""


@dataclass(frozen=True, slots=True)
class Feed:
    """Items under a title. `home` is the page that the feed tells of, `url` where the feed itself will lie."""

    title: str
    home: str
    url: str
    items: tuple[FeedItem, ...]
    author: str = "Runstore"


def atom(feed: Feed) -> bytes:
    """The feed as Atom, its newest item first. Raises `UsageError` for an address that is not absolute."""
    root = ElementTree.Element("feed", {"xmlns": _ATOM})
    items = _in_order(feed)
    _text(root, "id", _address(feed.url))
    _text(root, "title", feed.title)
    _text(root, "updated", _moment(items[0].updated if items else 0.0))
    ElementTree.SubElement(root, "link", {"rel": "self", "type": "application/atom+xml", "href": _address(feed.url)})
    ElementTree.SubElement(root, "link", {"rel": "alternate", "type": "text/html", "href": _address(feed.home)})
    _text(ElementTree.SubElement(root, "author"), "name", feed.author)
    for item in items:
        _entry(root, item)
    ElementTree.indent(root, " ")
    made: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return made + b"\n"


def json_feed(feed: Feed) -> bytes:
    """The feed as JSON Feed, its newest item first. Raises `UsageError` for an address that is not absolute."""
    values = {
        "version": _JSON_FEED,
        "title": _clean(feed.title),
        "home_page_url": _address(feed.home),
        "feed_url": _address(feed.url),
        "authors": [{"name": _clean(feed.author)}],
        "items": [_values(item) for item in _in_order(feed)],
    }
    return (json.dumps(values, indent=1, ensure_ascii=False) + "\n").encode()


def merged(*feeds: Iterable[FeedItem], most: int = 50) -> tuple[FeedItem, ...]:
    """The newest items of several lists."""
    return tuple(_newest_first(item for items in feeds for item in items)[:most])


def _in_order(feed: Feed) -> Sequence[FeedItem]:
    """Newest first; of several with one id the newest alone, as readers of feeds take it."""
    ordered = _newest_first(feed.items)
    return list({item.id: item for item in reversed(ordered)}.values())[::-1]


def _entry(root: ElementTree.Element, item: FeedItem) -> None:
    entry = ElementTree.SubElement(root, "entry")
    _text(entry, "id", item.id)
    _text(entry, "title", item.title)
    _text(entry, "updated", _moment(item.updated))
    ElementTree.SubElement(entry, "link", {"rel": "alternate", "type": "text/html", "href": _address(item.url)})
    _text(entry, "summary", item.summary)
    if item.html:
        _text(entry, "content", item.html, {"type": "html"})


def _values(item: FeedItem) -> dict[str, str]:
    content = {"content_html": _clean(item.html)} if item.html else {"content_text": _clean(item.summary)}
    return {
        "id": _clean(item.id),
        "url": _address(item.url),
        "title": _clean(item.title),
        "summary": _clean(item.summary),
        "date_modified": _moment(item.updated),
        **content,
    }


def _text(parent: ElementTree.Element, tag: str, text: str, attributes: dict[str, str] | None = None) -> None:
    ElementTree.SubElement(parent, tag, attributes or {}).text = _clean(text)


def _clean(text: str) -> str:
    return _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def _address(url: str) -> str:
    """`url` itself, where a reader elsewhere can follow it."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        good = False
    if not good or re.search(r'[\s<>"\x00-\x1f\x7f]', url) or _UNWRITABLE.search(url):
        raise UsageError(f"found {url!r:.120} as an address in a feed, expected an absolute one; write https://…")
    return url


def _moment(seconds: float) -> str:
    """A time (epoch s) as RFC 3339 has it."""
    return datetime.fromtimestamp(int(_known(seconds)), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _known(seconds: float) -> float:
    """The time, or the end of the calendar that is next to it; 1970 for NaN."""
    return min(max(seconds, 0.0), _LATEST) if seconds == seconds else 0.0


def _newest_first(items: Iterable[FeedItem]) -> list[FeedItem]:
    return sorted(items, key=lambda item: (-_known(item.updated), item.id))
