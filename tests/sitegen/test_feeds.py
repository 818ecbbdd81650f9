"""Feeds: valid Atom and JSON Feed whatever the words in them, and the same bytes for the same items."""

import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstore.errors import UsageError
from sitegen.feeds import Feed, FeedItem, atom, json_feed, merged

ATOM = "{http://www.w3.org/2005/Atom}"
OLD = FeedItem("urn:a", "An old report", "https://example.org/a/", 1_790_000_000.0, "first")
NEW = FeedItem(
    "urn:b", "A new <report> & more", "https://example.org/b/?x=1&y=2", 1_790_000_060.9, "second", "<p>&amp;</p>"
)
FEED = Feed("News of digits", "https://example.org/", "https://example.org/feed.xml", (OLD, NEW))
items = st.builds(
    FeedItem,
    id=st.text(min_size=1),
    title=st.text(),
    url=st.just("https://example.org/x"),
    updated=st.floats(),
    summary=st.text(),
    html=st.text(),
)


def entries(data: bytes) -> list[ElementTree.Element]:
    return ElementTree.fromstring(data).findall(f"{ATOM}entry")


def test_atom_has_what_the_standard_wants() -> None:
    root = ElementTree.fromstring(atom(FEED))
    assert root.tag == f"{ATOM}feed"
    for parent in (root, *root.findall(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            [element] = parent.findall(f"{ATOM}{name}")
            assert element.text
    assert root.findtext(f"{ATOM}author/{ATOM}name") == "Runstore"
    assert root.findtext(f"{ATOM}updated") == "2026-09-21T14:14:20Z"
    links = {link.get("rel"): link.get("href") for link in root.findall(f"{ATOM}link")}
    assert links == {"self": "https://example.org/feed.xml", "alternate": "https://example.org/"}
    first, second = entries(atom(FEED))
    assert [each.findtext(f"{ATOM}id") for each in (first, second)] == ["urn:b", "urn:a"]
    assert first.findtext(f"{ATOM}title") == NEW.title
    content = first.find(f"{ATOM}content")
    assert content is not None
    assert (content.get("type"), content.text) == ("html", NEW.html)
    assert second.find(f"{ATOM}content") is None


def test_json_feed_has_what_the_standard_wants() -> None:
    told = json.loads(json_feed(FEED))
    assert told["version"] == "https://jsonfeed.org/version/1.1"
    assert (told["title"], told["home_page_url"], told["feed_url"]) == (FEED.title, FEED.home, FEED.url)
    assert [each["id"] for each in told["items"]] == ["urn:b", "urn:a"]
    assert told["items"][0]["content_html"] == NEW.html
    assert told["items"][1]["content_text"] == OLD.summary
    assert told["items"][0]["date_modified"] == "2026-09-21T14:14:20Z"


@given(st.lists(items, max_size=5), st.text())
def test_any_words_give_feeds_that_parse(found: list[FeedItem], title: str) -> None:
    feed = replace(FEED, title=title, items=tuple(found))
    ids = {each.id for each in found}
    assert len(entries(atom(feed))) == len(ids)
    assert len(json.loads(json_feed(feed))["items"]) == len(ids)


@given(st.lists(items, max_size=5, unique_by=lambda each: each.id))
def test_the_order_in_which_items_come_changes_no_byte(found: list[FeedItem]) -> None:
    one = replace(FEED, items=tuple(found))
    other = replace(FEED, items=tuple(reversed(found)))
    assert (atom(one), json_feed(one)) == (atom(other), json_feed(other))


def test_no_markup_leaves_its_element() -> None:
    wicked = replace(OLD, title="</title><script>alert(1)</script>", summary="]]>\x00\x1b[2J\ud800", html="</content>")
    data = atom(replace(FEED, items=(wicked,)))
    [entry] = entries(data)
    assert {child.tag.removeprefix(ATOM) for child in entry} == {"id", "title", "updated", "link", "summary", "content"}
    assert b"<script" not in data
    assert json.loads(json_feed(replace(FEED, items=(wicked,))))["items"][0]["title"] == wicked.title


def test_of_two_items_with_one_id_the_newer_stays() -> None:
    feed = replace(FEED, items=(OLD, replace(OLD, title="Again", updated=OLD.updated + 1)))
    assert [each.findtext(f"{ATOM}title") for each in entries(atom(feed))] == ["Again"]


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "/reports/",
        "//example.org/",
        "https://",
        "https://a b/",
        'https://a/"><x',
        "http://[",
        "",
    ],
)
def test_an_address_that_a_reader_elsewhere_cannot_follow_is_refused(url: str) -> None:
    for feed in (replace(FEED, home=url), replace(FEED, items=(replace(OLD, url=url),))):
        with pytest.raises(UsageError, match="as an address in a feed"):
            atom(feed)
        with pytest.raises(UsageError, match="as an address in a feed"):
            json_feed(feed)


def test_an_empty_feed_is_one() -> None:
    empty = replace(FEED, items=())
    assert entries(atom(empty)) == []
    assert json.loads(json_feed(empty))["items"] == []


def test_lists_are_merged_newest_first_up_to_a_number() -> None:
    many = [replace(OLD, id=f"urn:{number}", updated=float(number)) for number in range(60)]
    assert [each.id for each in merged(many[:30], many[30:])][:2] == ["urn:59", "urn:58"]
    assert len(merged(many[:30], many[30:])) == 50
