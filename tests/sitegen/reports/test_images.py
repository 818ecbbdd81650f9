"""Images of reports: which files may be shown, and what becomes of drawings."""

import base64
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from runstore.media.pixels import png, size_of
from sitegen.reports.mistakes import ReportError
from sitegen.reports.text.beside import read_beside
from sitegen.reports.text.drawings import drawn
from sitegen.reports.text.images import LARGEST, ReportImages

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="40" height="20">{}</svg>'
)


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNSTORE_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))


def picture(width: int = 30, height: int = 20, colour: tuple[int, int, int] = (0, 0, 255)) -> bytes:
    import numpy

    return png(numpy.full((height, width, 3), colour, dtype=numpy.uint8))


def colour_of(content: bytes) -> tuple[int, ...]:
    """The colour in the middle of a PNG."""
    import io

    from PIL import Image

    image = Image.open(io.BytesIO(content)).convert("RGB")
    found = image.getpixel((image.width // 2, image.height // 2))
    assert isinstance(found, tuple)
    return found


def saved(kind: str) -> bytes:
    import io

    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (30, 20), (200, 10, 10)).save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize(
    ("kind", "ending"), [("png", "png"), ("jpeg", "jpg"), ("gif", "gif"), ("webp", "webp"), ("avif", "avif")]
)
def test_images_are_known_by_their_bytes(tmp_path: Path, kind: str, ending: str) -> None:
    content = saved(kind)
    (tmp_path / "a.txt").write_bytes(content)
    found = ReportImages(tmp_path).find("a.txt", 3)
    assert (found.content, found.width, found.height) == (content, 30, 20)
    assert found.name.endswith(f".{ending}")


def test_the_same_bytes_have_the_same_name_and_others_another(tmp_path: Path) -> None:
    for name, colour in (("a.png", (1, 2, 3)), ("b.png", (1, 2, 3)), ("c.png", (3, 2, 1))):
        (tmp_path / name).write_bytes(picture(colour=colour))
    images = ReportImages(tmp_path)
    names = [images.find(name).name for name in ("a.png", "b.png", "c.png")]
    assert names[0] == names[1] != names[2]


def test_an_image_may_lie_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "figures" / "α").mkdir(parents=True)
    (tmp_path / "figures" / "α" / "a b.png").write_bytes(picture())
    assert ReportImages(tmp_path).find("figures/α/a b.png").width == 30
    assert ReportImages(tmp_path).find("./figures/α/a b.png").width == 30


@pytest.mark.parametrize(
    "name",
    [
        "../secret.png", "a/../../secret.png", "/etc/passwd", "//host/a.png", "\\\\host\\a.png", "..\\secret.png",
        "https://x.org/a.png", "HTTP://x", "data:image/png;base64,AAAA", "file:///etc/passwd", "C:/a.png", "C:\\a.png",
        "", ".", "..", "./..", "a\0.png", "a\n.png", ".git/config", "a/.hidden.png", "\ud800.png", "x" * 501,
        "a/" * 300,
        "folder", "gone.png", "there.png/x", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_paths_lead_to_plain_files_below_the_folder_only(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "reports"
    (folder / "folder").mkdir(parents=True)
    for place in ("secret.png", "reports/there.png"):
        (tmp_path / place).write_bytes(picture())
    with pytest.raises(ReportError) as raised:
        ReportImages(folder).find(name, 12)
    assert raised.value.line == 12
    assert "; " in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("target", ["secret.png", "/etc/passwd"])
def test_links_are_followed_nowhere(tmp_path: Path, target: str) -> None:
    folder, elsewhere = tmp_path / "reports", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    (tmp_path / "secret.png").write_bytes(picture())
    (elsewhere / "a.png").write_bytes(picture())
    (folder / "file.png").symlink_to(tmp_path / target)
    (folder / "folder").symlink_to(elsewhere)
    (tmp_path / "linked").symlink_to(folder)
    (folder / "real.png").write_bytes(picture())
    for place, name in ((folder, "file.png"), (folder, "folder/a.png"), (tmp_path / "linked", "real.png")):
        with pytest.raises(ReportError):
            read_beside(place, name, LARGEST)
    with pytest.raises(ReportError, match="it is a link"):
        read_beside(folder, "file.png", LARGEST)


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(ReportError, match="no plain file"):
        ReportImages(tmp_path).find("pipe.png")


def test_what_is_no_image_is_refused(tmp_path: Path) -> None:
    wrong = {
        "a.png": b"<html><script>alert(1)</script>", "b.png": b"", "c.png": b"BM" + bytes(60),
        "d.png": b"\x89PNG\r\n\x1a\n",
        "e.avif": b"\0\0\0\x1cftypavif" + bytes(20), "f.png": b"\xff\xd8\xff", "g.webp": b"RIFF\0\0\0\0WEBP",
        "h.png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 1 << 30, 1), "i.html": b"<!doctype html><svg",
    }  # fmt: skip
    for name, content in wrong.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ReportError):
            ReportImages(tmp_path).find(name)


def test_what_is_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.png").open("wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(ReportError, match="make it smaller"):
        ReportImages(tmp_path).find("a.png")


# Drawings


def test_a_drawing_becomes_a_picture_sharp_enough_for_good_screens(tmp_path: Path) -> None:
    (tmp_path / "a.svg").write_text(SVG.format('<rect width="40" height="20" fill="#0000ff"/>'))
    found = ReportImages(tmp_path).find("a.svg")
    assert (found.width, found.height) == (40, 20)
    assert size_of(found.content) == ("png", 80, 40)
    assert colour_of(found.content) == (0, 0, 255)
    assert found.name.endswith(".png")


def test_a_drawing_is_drawn_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.svg").write_text(SVG.format("<rect/>"))
    first = ReportImages(tmp_path).find("a.svg")
    monkeypatch.setattr(subprocess, "run", lambda *args, **options: pytest.fail("drawn again"))
    assert ReportImages(tmp_path).find("a.svg") == first


@pytest.mark.parametrize(
    ("head", "size"),
    [
        ('width="72pt" height="1in"', (96, 96)),
        ('viewBox="0 0 50 25"', (50, 25)),
        ('width="100" viewBox="0 0 50 25"', (100, 50)),
        ('width="100%" height="10" viewBox="0 0 50 25"', (20, 10)),
    ],
)
def test_drawings_have_sizes(head: str, size: tuple[int, int]) -> None:
    found = drawn(f'<?xml version="1.0"?><!DOCTYPE svg><svg xmlns="http://www.w3.org/2000/svg" {head}/>'.encode())
    assert (found.width, found.height) == size


@pytest.mark.parametrize(
    "head", ["", 'width="0" height="5"', 'width="9000" height="9000"', 'width="1e9" height="1"', 'viewBox="0 0 0 0"']
)
def test_a_drawing_without_a_size_that_can_be_is_refused(head: str) -> None:
    with pytest.raises(ReportError, match="set its width and height"):
        drawn(f'<svg xmlns="http://www.w3.org/2000/svg" {head}/>'.encode())


OUTSIDE = [
    '<image width="40" height="20" xlink:href="{}"/>',
    '<image width="40" height="20" href="{}"/>',
    '<feImage href="{}"/>',
    '<use href="{}#a"/>',
    '<rect width="40" height="20" fill="url({})"/>',
    '<rect width="40" height="20" style="fill: URL( \'{}\' )"/>',
    '<style>rect {{ fill: url("{}") }}</style><rect/>',
    '<style>@import "{}";</style>',
    "<style>@\\69mport u\\72l({});</style>",
    '<linearGradient id="a" xlink:href="{}"/>',
    '<x:image xmlns:x="http://www.w3.org/2000/svg" width="40" height="20" x:href="{}"/>',
]


@pytest.mark.parametrize("inner", OUTSIDE)
@pytest.mark.parametrize(
    "address", ["{}", "file://{}", "https://x.org/a.png", "data:image/svg+xml,x", "data:text/html,x"]
)
def test_a_drawing_reaches_no_other_file(tmp_path: Path, inner: str, address: str) -> None:
    (tmp_path / "secret.png").write_bytes(picture())
    svg = SVG.format(inner.format(address.format(tmp_path / "secret.png")))
    with pytest.raises(ReportError, match="export the drawing as PNG"):
        drawn(svg.encode())


@pytest.mark.parametrize(
    "inner",
    [
        "<script>alert(1)</script>",
        "<foreignObject><p>x</p></foreignObject>",
        "<filter id='f'><feTurbulence numOctaves='99999999'/></filter>",
    ],
)
def test_a_drawing_draws_and_does_no_more(inner: str) -> None:
    with pytest.raises(ReportError, match="expected shapes and text"):
        drawn(SVG.format(inner).encode())


@pytest.mark.parametrize(
    "text",
    [
        "<svg", "", "<html/>", "<svg/>",
        '<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + SVG.format("&b;"),
        '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + SVG.format("<text>&x;</text>"),
    ],
)  # fmt: skip
def test_what_is_no_plain_svg_is_refused(text: str) -> None:
    with pytest.raises(ReportError):
        drawn(text.encode())
    with pytest.raises(ReportError):
        drawn(text.encode("utf-16"))


def test_a_picture_inside_a_drawing_is_shown() -> None:
    inner = '<image width="40" height="20" preserveAspectRatio="none" xlink:href="data:image/png;base64,{}"/>'
    assert colour_of(drawn(SVG.format(inner.format(base64.b64encode(picture()).decode())).encode()).png) == (0, 0, 255)
    bomb = base64.b64encode(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 60000, 60000)).decode()
    with pytest.raises(ReportError):
        drawn(SVG.format(inner.format(bomb)).encode())


USES = ["".join(f'<use href="#a{level}"/>' for _ in range(30)) for level in range(8)]
LEVELS = "".join(f'<g id="a{level}">{inner}</g>' for level, inner in enumerate(USES, 1))


@pytest.mark.parametrize(
    "inner",
    [
        "<text y='20' {}>MMMM</text>",
        "<text y='20' {} font-family='Nonesuch'>MMMM</text>",
        "<text y='20' {} font-family=''>MMMM</text>",
        "<text y='20' {} font-family='Arial'>MMMM</text>",
        "<text y='20' {} font-family='system-ui'>MMMM</text>",
        "<text y='20' {} style='font-family: &quot;No; such&quot;; fill: #00f'>MMMM</text>",
        "<text y='20' {} style='font: italic 20px cursive'>MMMM</text>",
        "<g style='font-family: inherit'><text y='20' {}>MMMM</text></g>",
        "<style>.a {{font-family: Nonesuch}}</style><text y='20' {} class='a'>MMMM</text>",
        "<style>@font-face {{font-family: x; src: local(Nonesuch)}}</style><text y='20' {} font-family='x'>MMMM</text>",
    ],
)
def test_text_is_drawn_in_whatever_font_it_asks_for(inner: str) -> None:
    import io

    from PIL import Image

    found = drawn(SVG.format(inner.format("font-size='20' fill='#0000ff'")).encode())
    image = Image.open(io.BytesIO(found.png)).convert("RGBA")
    inked = sum(image.getchannel("A").histogram()[128:])
    assert inked > 0.1 * image.width * image.height


def test_a_font_from_elsewhere_is_refused() -> None:
    style = "<style>@font-face {font-family: x; src: url(https://x.org/a.woff)}</style><text>a</text>"
    with pytest.raises(ReportError, match="a style with an address"):
        drawn(SVG.replace("{}", style).encode())


@pytest.mark.parametrize(
    "inner",
    [
        f'<defs><g id="a0"><rect width="1" height="1"/></g>{LEVELS}</defs><use href="#a8"/>',
        '<g opacity="0.5" transform="scale(100)"><circle r="9" fill="red"/></g>' * 20_000,
        '<marker id="m" overflow="visible">' + '<circle r="500"/>' * 1000 + "</marker>"
        + '<path marker-mid="url(#m)" d="M0 0' + " L1 1" * 50_000 + '"/>',
    ],
)  # fmt: skip
def test_a_drawing_that_takes_too_much_is_given_up(monkeypatch: pytest.MonkeyPatch, inner: str) -> None:
    monkeypatch.setattr("sitegen.reports.text.drawings._SECONDS", 1)
    head = '<svg xmlns="http://www.w3.org/2000/svg" width="2000" height="2000">'
    with pytest.raises(ReportError, match="not within"):
        drawn(f"{head}{inner}</svg>".encode())


def test_a_drawing_in_a_thousand_groups_is_refused() -> None:
    with pytest.raises(ReportError):
        drawn(SVG.format("<g>" * 20_000 + "</g>" * 20_000).encode())


def test_no_module_of_the_working_directory_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("vl_convert.py", "base64.py", "sitegen.py"):
        (tmp_path / name).write_text(f"open({str(tmp_path / 'run')!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    assert drawn(SVG.format("<rect/>").encode()).width == 40
    assert not (tmp_path / "run").exists()


def test_a_drawing_of_matplotlib_is_drawn(tmp_path: Path) -> None:
    code = (
        "import matplotlib; matplotlib.use('svg'); import matplotlib.pyplot as plt\n"
        "plt.scatter(range(50), range(50)); plt.title('$x^2$'); plt.grid(); plt.imshow([[1, 2], [3, 4]])\n"
        "plt.savefig('a.svg')"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True)
    found = ReportImages(tmp_path).find("a.svg")
    assert (found.width, found.height) == (614, 461)
