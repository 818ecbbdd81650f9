"""The code of a run: its commit's page, what it needs, and the commands that run it again."""

from pathlib import Path
from typing import Any

import pytest

from tests.sitegen.plans import plan
from tests.stores import write_run

SHA = "0123456789abcdef0123456789abcdef01234567"


def code(root: Path, **files: Any) -> Any:
    write_run(root, files={name.replace("_", "."): value for name, value in files.items()})
    return plan(root).pages["p/runs/r1/index.html"].code


@pytest.mark.parametrize(
    ("remote", "href"),
    [
        ("https://github.com/team/code.git", f"https://github.com/team/code/commit/{SHA}"),
        ("git@github.com:team/code.git", f"https://github.com/team/code/commit/{SHA}"),
        ("https://ada:secret@gitlab.com/team/code.git", f"https://gitlab.com/team/code/-/commit/{SHA}"),
        ("https://gitlab.example.org/team/code", f"https://gitlab.example.org/team/code/-/commit/{SHA}"),
        ("https://bitbucket.org/team/code", f"https://bitbucket.org/team/code/commits/{SHA}"),
        ("https://codeberg.org/team/code", f"https://codeberg.org/team/code/commit/{SHA}"),
        ("https://example.org/team/code", None),
        ("https://github.com.evil.org/team/code", f"https://github.com.evil.org/team/code/commit/{SHA}"),
        ("javascript:alert(1)", None),
        ("/srv/git/code", None),
        (None, None),
    ],
)
def test_a_commit_links_to_its_page_on_a_known_host(root: Path, remote: str | None, href: str | None) -> None:
    found = code(root, provenance_json={"git": {"commit": SHA, "remote": remote}})
    assert (found.commit.sha, found.commit.href) == (SHA, href)


def test_a_commit_that_is_none_has_no_link(root: Path) -> None:
    found = code(root, provenance_json={"git": {"commit": "../evil", "remote": "https://github.com/a/b"}})
    assert (found.commit.sha, found.commit.href) == ("../evil", None)


def test_the_commands_check_out_patch_install_and_run(root: Path) -> None:
    git = {"commit": SHA, "remote": "https://ada:secret@github.com/team/my code.git", "dirty": True}
    facts = {"git": git, "command": ["/usr/bin/python3.11", "train.py", "--name", "a b; rm -rf /"]}
    found = code(root, provenance_json=facts, changes_patch="+x\n", requirements_txt="a==1\n\nb==2\n")
    assert found.command == (
        "git clone 'https://github.com/team/my code.git' 'my code' && cd 'my code'",
        f"git checkout {SHA}",
        "git apply ../changes.patch.txt",
        "pip install -r ../requirements.txt",
        "python train.py --name 'a b; rm -rf /'",
    )
    assert found.requirements == ("a==1", "b==2")


def test_without_a_repository_the_command_alone_is_left(root: Path) -> None:
    assert code(root, provenance_json={"command": ["train.py", "--lr", "1"]}).command == ("python train.py --lr 1",)


def test_nothing_known_is_no_code(root: Path) -> None:
    assert code(root) is None
