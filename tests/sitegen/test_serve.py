"""`runstore serve`: what it answers, to whom, and how it starts and ends."""

import gzip
import http.client
import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from runstore.errors import StoreError
from sitegen.assets import cache_dir, load_assets
from sitegen.serve import Serving, _matters, serve
from tests.cli.terminal import PROGRAM
from tests.processes import environment, wait_until
from tests.serving import Served, serving
from tests.stores import append, curve, write_file, write_run, write_store


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A served store of one run, and files as a run may leave them behind, below `stored/` of its page."""
    root = write_store(tmp_path_factory.mktemp("serve") / "experiments")
    write_run(root, history=curve(2000))
    write_file(root.parent / "secret.txt", "mine")
    with serving(root) as found:
        left = root.parent / "served" / "p" / "runs" / "r1" / "stored"
        write_file(left / "clip.bin", b"0123456789")
        write_file(left / "notes.txt", "a b\n" * 1000)
        write_file(left / "index.html", "<script>1</script>")
        write_file(left / ".git" / "config", "mine")
        (left / "out").symlink_to(root.parent)
        yield found


def ask(site: Served, path: str, method: str = "GET", **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    parts = urlsplit(site.address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def test_it_listens_on_this_machine_alone(site: Served) -> None:
    assert urlsplit(site.address).hostname == "127.0.0.1"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/p/", "text/html; charset=utf-8"),
        ("/p/data/runs.js", "text/javascript; charset=utf-8"),
        ("/_static/index.css", "text/css; charset=utf-8"),
        ("/_static/icon.svg", "image/svg+xml"),
        ("/p/runs/r1/stored/clip.bin", "application/octet-stream"),
        ("/p/runs/r1/stored/notes.txt", "text/plain; charset=utf-8"),
    ],
)
def test_files_have_their_types_and_are_asked_for_again(site: Served, path: str, kind: str) -> None:
    answer, body = ask(site, path)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == kind
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert int(answer.headers["Content-Length"]) == len(body) > 0


def test_what_did_not_change_is_not_sent_again(site: Served) -> None:
    answer, _ = ask(site, "/_static/vega.js")
    again, body = ask(site, "/_static/vega.js", If_None_Match=answer.headers["ETag"])
    assert (again.status, body) == (304, b"")


def test_text_is_compressed_for_who_takes_it(site: Served) -> None:
    plain, body = ask(site, "/p/runs/r1/stored/notes.txt")
    packed, small = ask(site, "/p/runs/r1/stored/notes.txt", Accept_Encoding="gzip")
    assert plain.headers["Content-Encoding"] is None
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(small) < len(body) / 10
    assert gzip.decompress(small) == body


def test_a_head_has_no_body(site: Served) -> None:
    answer, body = ask(site, "/p/", "HEAD")
    assert (answer.status, body) == (200, b"")
    assert int(answer.headers["Content-Length"]) > 1000


@pytest.mark.parametrize(
    ("asked", "status", "body", "part"),
    [
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=20-30", 416, b"", "bytes */10"),
    ],
)
def test_players_get_the_part_they_ask_for(site: Served, asked: str, status: int, body: bytes, part: str) -> None:
    answer, got = ask(site, "/p/runs/r1/stored/clip.bin", Range=asked)
    assert (answer.status, got, answer.headers["Content-Range"]) == (status, body, part)


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/p/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/p/%2e%2e/%2e%2e/secret.txt",
        "/p/..%2f..%2fsecret.txt",
        "/..%5csecret.txt",
        "//etc/passwd",
        "/p/%00",
        "/.runstore-site.json",
        "/p/runs/r1/stored/out/secret.txt",
        "/p/runs/r1/stored/.git/config",
        "/" + "a" * 5000,
    ],
)
def test_nothing_outside_the_site_and_nothing_hidden_is_served(site: Served, path: str) -> None:
    answer, body = ask(site, path)
    assert answer.status == 404
    assert b"mine" not in body


def test_a_page_that_is_not_there_is_told_kindly(site: Served) -> None:
    answer, body = ask(site, "/p/runs/<b>gone")
    assert answer.status == 404
    assert b"/p/runs/&lt;b&gt;gone" in body
    assert b'href="/"' in body


def test_a_directory_leads_to_its_page_and_never_away(site: Served) -> None:
    answer, _ = ask(site, "/p")
    assert (answer.status, answer.headers["Location"]) == (301, "p/")
    assert ask(site, "//p")[0].headers["Location"] in (None, "p/")


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("127.0.0.1:8000", 200),
        ("localhost:1", 200),
        ("[::1]", 200),
        ("rebound.example", 421),
        ("127.0.0.1.evil.example:8000", 421),
        ("", 421),
        ("[", 421),
    ],
)
def test_names_that_were_made_to_lead_here_are_refused(site: Served, name: str, status: int) -> None:
    assert ask(site, "/", Host=name)[0].status == status


def test_other_sites_load_nothing_but_may_link_here(site: Served) -> None:
    assert ask(site, "/p/data/runs.js", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors")[0].status == 403
    assert ask(site, "/p/data/runs.js", Sec_Fetch_Site="same-site", Sec_Fetch_Mode="no-cors")[0].status == 403
    assert ask(site, "/p/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate")[0].status == 200
    assert ask(site, "/p/data/runs.js", Sec_Fetch_Site="same-origin", Sec_Fetch_Mode="no-cors")[0].status == 200


def test_a_page_that_a_run_left_behind_has_no_rights(site: Served) -> None:
    assert "sandbox" in ask(site, "/p/runs/r1/stored/index.html")[0].headers["Content-Security-Policy"]
    assert ask(site, "/p/runs/r1/")[0].headers["Content-Security-Policy"] is None


def test_pages_learn_which_of_their_files_are_new(site: Served) -> None:
    def told(known: str) -> dict[str, object]:
        _, body = ask(site, f"/_static/_live.js?at={known}&of=p/index.html&of=p/gone.js")
        found: dict[str, object] = json.loads(body.removeprefix(b"runstore.live.hear(").removesuffix(b");\n"))
        return found

    first = told("")
    assert list(first["files"]) == ["p/index.html", "p/gone.js"]  # type: ignore[call-overload]
    assert told(str(first["version"]))["files"] == {}
    start = ask(site, "/_static/base.js")[1].splitlines()[-1].decode()
    assert start == f'runstore.live.start("{first["version"]}");'


def test_it_serves_out_of_the_users_cache_once_a_store(tmp_path: Path) -> None:
    store = write_store(tmp_path / "experiments")
    write_run(store, history=curve(3))
    load_assets()
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "assets").symlink_to(cache_dir() / "assets")
    cache = {"RUNSTORE_CACHE_DIR": str(tmp_path / "cache")}
    with serving(store, "--host", "localhost", env=cache) as found:
        [folder] = (tmp_path / "cache" / "serve").iterdir()
        assert folder.stat().st_mode & 0o077 == 0
        assert (folder / "site" / "index.html").is_file()
        second = subprocess.run(
            [PROGRAM, "serve", store], env=environment(tmp_path, cache), capture_output=True, text=True, timeout=60
        )
        assert second.returncode == 2
        assert f"is being served at {found.address}/" in second.stderr
        assert second.stderr.count("\n") == 1
        code, out, err = found.stop(signal.SIGTERM)
        assert (code, out, err) == (0, "runstore: stopped\n", "")
    assert not (folder / "address").exists()


def test_ports_that_are_taken(tmp_path: Path) -> None:
    store = write_store(tmp_path / "experiments")
    with serving(store) as first:
        port = urlsplit(first.address).port
        done = subprocess.run(
            [PROGRAM, "serve", store, "-o", tmp_path / "other", "--port", str(port)],
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 2
    assert f"127.0.0.1:{port}: cannot serve there (address already in use)" in done.stderr


@pytest.mark.parametrize("host", ["", "two words", "ü..x", "a" * 300, "300.1.1.1"])
def test_a_host_that_there_is_not_is_one_line(tmp_path: Path, host: str) -> None:
    store = write_store(tmp_path / "experiments")
    with pytest.raises(StoreError, match="cannot serve there"):
        serve(Serving(store, tmp_path / "out", host=host), print)


def test_polling_sees_changes_too(tmp_path: Path) -> None:
    store = write_store(tmp_path / "experiments")
    run = write_run(store, history=curve(3))
    with serving(store, "--poll", "-o", str(tmp_path / "served")) as found:
        before = ask(found, "/p/data/runs.js")[1]
        append(run, curve(4, 3))
        wait_until(lambda: ask(found, "/p/data/runs.js")[1] != before, "the new rows")


def test_a_store_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        serve(Serving(tmp_path / "nothing", tmp_path / "out"), print)


@pytest.mark.parametrize(
    ("path", "matters"),
    [
        ("p/runs/r1/history.jsonl", True),
        ("p/project.yaml", True),
        (".cache/p/rows.parquet", False),
        (".git/index", False),
        ("p/runs/r1/.summary.json.1a2b3c4d.tmp", False),
    ],
)
def test_what_it_writes_itself_wakes_it_not(path: str, matters: bool) -> None:
    assert _matters(Path(path)) is matters
