"""A site for the world has nothing of what is to stay in the store, and of the rest what a plain one has."""

from pathlib import Path

import pytest

from runstore.format.records import PUBLISHABLE
from runstore.reading.store import read_store
from sitegen.build import build_site
from sitegen.extras import PublicSite
from sitegen.public import public_store
from tests.canaries import CANARIES, NEVER, found_in, write_canaries
from tests.stores import curve, write_file, write_run, write_store

ALL = tuple(word for words in CANARIES.values() for word in words)


def published(tmp_path: Path, publish: str = "") -> Path:
    return build_site(write_canaries(tmp_path / "s", publish), tmp_path / "out", public=PublicSite()).out


def test_a_plain_site_has_the_canaries(tmp_path: Path) -> None:
    site = build_site(write_canaries(tmp_path / "s"), tmp_path / "out").out
    for word in (*ALL, "canaryprivate"):
        # Nothing shows these of a run, so far.
        assert found_in(site, (word,)) or word in ("Canary Author", "canarycwd", "canaryjob"), word


def test_a_public_site_has_none_of_them(tmp_path: Path) -> None:
    assert found_in(published(tmp_path), (*ALL, *NEVER)) == []


# A user's home directory is a path as well: it shows where both may.
@pytest.mark.parametrize("part", PUBLISHABLE)
def test_what_is_let_out_by_name_brings_its_own_alone(tmp_path: Path, part: str) -> None:
    site = published(tmp_path, part)
    others = [word for other, words in CANARIES.items() if other != part for word in words]
    assert found_in(site, (*others, *NEVER)) == []
    assert found_in(site, CANARIES[part])


def test_all_together_show_everything_but_what_is_private(tmp_path: Path) -> None:
    site = published(tmp_path, ", ".join(PUBLISHABLE))
    assert found_in(site, NEVER[:1]) == []
    assert found_in(site, ("canaryhome",))
