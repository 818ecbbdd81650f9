"""Output paths: safe on every file system, and no two the same."""

import re
from random import Random
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstore.errors import UsageError
from runstore.format.names import check_project_name
from sitegen import urls

NAMES = (
    st.text(max_size=100) | st.text("aAbB-. ~", max_size=4) | st.sampled_from(["con", "NUL", "lpt1.txt", "Com3", ".."])
)


@given(st.lists(NAMES, max_size=12))
def test_slugs_are_unique_on_a_file_system_that_knows_no_case(names: list[str]) -> None:
    slugs = urls.slugs(names)
    assert set(slugs) == set(names)
    assert len({slug.casefold() for slug in slugs.values()}) == len(slugs)


@given(st.lists(NAMES, max_size=6))
def test_slugs_are_safe_names_on_every_file_system(names: list[str]) -> None:
    for slug in urls.slugs(names).values():
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", slug)
        assert len(slug) <= 80
        assert not slug.endswith(".")
        assert not re.fullmatch(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", slug, re.IGNORECASE)


@given(st.lists(NAMES, max_size=6), st.randoms())
def test_slugs_do_not_depend_on_the_order_of_names(names: list[str], random: Random) -> None:
    shuffled = list(names)
    random.shuffle(shuffled)
    assert urls.slugs(names) == urls.slugs(shuffled)


def test_a_safe_name_is_its_own_slug() -> None:
    assert urls.slugs(["mlp-lr0.1", "fold_3"]) == {"mlp-lr0.1": "mlp-lr0.1", "fold_3": "fold_3"}


def test_other_names_keep_their_words() -> None:
    assert urls.slugs(["Größe / <b>"])["Größe / <b>"].startswith("Gr-e-b-")


def test_a_name_that_looks_like_anothers_slug_does_not_share_it() -> None:
    slug = urls.slugs(["z~z"])["z~z"]
    assert len(set(urls.slugs([slug, "z~z"]).values())) == 2


@pytest.mark.parametrize("name", ["a b", "50%", "ключ", "a'b\"c", "<script>", "a&b", "(x)", "ünï"])
def test_a_link_leads_to_the_file_it_names(name: str) -> None:
    link = urls.href(urls.project_page(name), "../../")
    assert re.fullmatch(r"[A-Za-z0-9/._~!$&'()*+,;=@%-]+", link)
    assert unquote(link) == f"../../{name}/index.html"


def test_up_leads_from_a_page_to_the_sites_root() -> None:
    assert urls.up("index.html") == ""
    assert urls.up(urls.run_page("p", "r")) == "../../../"


@pytest.mark.parametrize("name", ["_static", "_Static", "index.html", "INDEX.HTML", "_static-project"])
def test_a_project_named_like_a_file_of_the_site_does_not_take_its_place(name: str) -> None:
    taken = {urls.STATIC, urls.index_page(), urls.MANIFEST}
    assert urls.project_dir(name).casefold() not in taken
    assert len({urls.project_dir(each) for each in ("_static", "_static-project", "_static-project-project")}) == 3


@given(
    st.text(min_size=1, max_size=20) | st.sampled_from(["_static", "index.html", "_STATIC-project"]),
    st.text(max_size=20),
)
def test_projects_with_different_names_have_different_directories(one: str, other: str) -> None:
    for name in (one, other):
        try:
            check_project_name(name)
        except UsageError:
            return
    assert (urls.project_dir(one) == urls.project_dir(other)) == (one == other)


def test_data_files_lie_beside_their_projects_page() -> None:
    assert urls.data_file("p", "m0") == "p/data/m0.js"
    assert urls.group_page("p", "g") == "p/groups/g/index.html"
    assert urls.static_file("site.css") == "_static/site.css"
