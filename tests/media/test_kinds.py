"""Sounds, videos, pages, texts, histograms, things in space, molecules, figures: kept, and read back as they were."""

import io
import math
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import numpy
import orjson
import PIL.Image
import pytest
from hypothesis import strategies as st

import runstore
from runstore.errors import UsageError
from runstore.media.base import FileMedia, load
from tests.media.conftest import Log


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (numpy.array([0.0, 1.0, -1.0, 2.0, numpy.nan]), [0, 32767, -32767, 32767, 0]),
        ([0.0, 0.5], [0, 16384]),
        (numpy.array([0, 1000, -32768], numpy.int16), [0, 1000, -32768]),
        (numpy.array([0, 1 << 24], numpy.int32), [0, 256]),
        (numpy.array([128, 255, 0], numpy.uint8), [0, 32512, -32768]),
        (numpy.array([[0.0, 1.0], [1.0, 0.0]]), [0, 32767, 32767, 0]),
    ],
)
def test_samples_are_written_as_16_bit_wav(given: Any, expected: list[int], log: Log, folder: Path) -> None:
    stub = log(runstore.Audio(given, sample_rate=8000, caption="c"))
    with wave.open(str(folder / stub["path"]), "rb") as file:
        found = numpy.frombuffer(file.readframes(file.getnframes()), "<i2").tolist()
        assert (file.getframerate(), file.getsampwidth()) == (8000, 2)
    assert found == expected
    assert (stub["_type"], stub["sample_rate"], stub["caption"]) == ("audio-file", 8000, "c")
    assert stub["duration"] == pytest.approx(len(given) / 8000)


def test_a_tensor_with_channels_first_is_a_sound_too(log: Log, folder: Path) -> None:
    with wave.open(str(folder / log(runstore.Audio(numpy.zeros((2, 800)), 8000))["path"]), "rb") as file:
        assert (file.getnchannels(), file.getnframes()) == (2, 800)


def test_a_file_of_sound_is_kept_as_it_is(tmp_path: Path, log: Log, folder: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(b"ID3 whatever")
    stub = log(runstore.Audio(str(path)))
    assert (folder / stub["path"]).read_bytes() == path.read_bytes()
    assert stub["format"] == "mp3"
    assert "sample_rate" not in stub
    made = runstore.Audio([0.0] * 800, 8000)
    (tmp_path / "a.wav").write_bytes(made.read())
    assert runstore.Audio(tmp_path / "a.wav").duration == 0.1


@pytest.mark.parametrize(
    "arguments",
    [([0.0],), ([0.0], 0), ([], 8000), (numpy.zeros((2, 2, 2)), 8000), (["x"], 8000), ([0.0], "fast"), ("gone.wav",)],
)
def test_a_sound_that_makes_no_sense_is_refused_in_one_line(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(UsageError) as caught:
        runstore.Audio(*arguments)
    assert "\n" not in str(caught.value)


FRAMES = numpy.zeros((4, 3, 6, 8), numpy.uint8)
FRAMES[2:] = 255


def test_frames_are_written_as_gif(log: Log, folder: Path) -> None:
    stub = log(runstore.Video(FRAMES, fps=2, format="gif", caption="c"))
    picture = PIL.Image.open(folder / stub["path"])
    assert (stub["_type"], stub["format"], stub["width"], stub["height"]) == ("video-file", "gif", 8, 6)
    assert picture.size == (8, 6)
    assert picture.n_frames == 2  # Equal frames are one, shown as long.


def test_a_batch_lies_side_by_side(log: Log, folder: Path) -> None:
    stub = log(runstore.Video(numpy.zeros((3, 2, 1, 6, 8), numpy.uint8), format="gif"))
    assert (stub["width"], stub["height"]) == (32, 6)


@pytest.mark.parametrize("form", ["mp4", "webm"])
def test_frames_are_written_as_a_film(form: str, log: Log, folder: Path) -> None:
    av = pytest.importorskip("av")
    frames = numpy.zeros((5, 3, 33, 47), numpy.float32)
    frames[:, 0] = 255
    path = folder / log(runstore.Video(frames, fps=5, format=form))["path"]
    with av.open(str(path)) as film:
        shown = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert len(shown) == 5
    assert shown[0].shape == (34, 48, 3)
    assert shown[0][10, 10, 0] > 200
    assert shown[0][10, 10, 1] < 50


def test_a_film_without_pyav_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    with pytest.raises(UsageError, match=r"needs av, which is not installed; pip install 'runstore\[media\]'"):
        runstore.Video(FRAMES, format="mp4")


def test_a_file_of_video_is_kept_as_it_is(tmp_path: Path, log: Log, folder: Path) -> None:
    path = tmp_path / "a.MP4"
    path.write_bytes(b"\0\0\0\x18ftyp")
    for given in (path, str(path)):
        assert (folder / log(runstore.Video(given))["path"]).read_bytes() == path.read_bytes()
    stub = log(runstore.Video(io.BytesIO(b"bytes"), format="webm"))
    assert (folder / stub["path"]).read_bytes() == b"bytes"
    assert stub["path"].endswith(".webm")


@pytest.mark.parametrize(
    ("given", "options"),
    [
        (FRAMES, {}),
        (FRAMES, {"format": "avi"}),
        (FRAMES[0], {"format": "gif"}),
        (numpy.zeros((2, 5, 4, 4)), {"format": "gif"}),
        (FRAMES, {"format": "gif", "fps": -1}),
        (io.BytesIO(b""), {}),
        ("gone.mp4", {}),
        ("a.avi", {}),
        (object(), {"format": "gif"}),
    ],
)
def test_a_video_that_makes_no_sense_is_refused_in_one_line(given: Any, options: Any) -> None:
    with pytest.raises(UsageError) as caught:
        runstore.Video(given, **options)
    assert "\n" not in str(caught.value)


def test_a_page_gets_a_head_unless_it_is_to_stay_as_it_is(tmp_path: Path, log: Log, folder: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text("<html><head><title>t</title></head><body>é</body></html>", encoding="utf-8")
    text = (folder / log(runstore.Html(str(path)))["path"]).read_text(encoding="utf-8")
    assert text.startswith('<html><head><base target="_blank"><style>')
    assert "<title>t</title>" in text
    assert (folder / log(runstore.Html(path, inject=False))["path"]).read_bytes() == path.read_bytes()
    assert runstore.Html("<h1>x</h1>").html.endswith("</style><h1>x</h1>")
    assert runstore.Html("<html><p>x").html.endswith("</style></head><p>x")
    assert runstore.Html(io.StringIO("<p>"), inject=False).html == "<p>"
    assert runstore.Html(str(path), inject=False, data_is_not_path=True).html == str(path)
    with pytest.raises(ValueError, match="data must be a string"):
        runstore.Html(7)


def test_a_text_in_markdown_is_kept(tmp_path: Path, log: Log, folder: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("# file")
    for given, text in (("# text", "# text"), (path, "# file"), (str(path), "# file"), (io.StringIO("x"), "x")):
        stub = log(runstore.Markdown(given))
        assert (stub["_type"], (folder / stub["path"]).read_text()) == ("markdown-file", text)
    with pytest.raises(TypeError, match="Markdown takes a text"):
        runstore.Markdown(7)


def test_a_histogram_counts_what_is_finite(log: Log) -> None:
    assert log(runstore.Histogram([0, 1, 1, math.nan, math.inf, 2], num_bins=2)) == {
        "_type": "histogram",
        "values": [1, 3],
        "bins": [0.0, 1.0, 2.0],
    }
    assert log(runstore.Histogram(np_histogram=numpy.histogram([1, 2], bins=1)))["values"] == [2]
    counted = runstore.Histogram(np_histogram=numpy.histogram([1, 2, 3], bins=3))
    assert log(counted)["values"] == [1, 1, 1]
    torch = pytest.importorskip("torch")
    assert sum(log(runstore.Histogram(torch.ones(7, requires_grad=True)))["values"]) == 7


@pytest.mark.parametrize(
    "arguments",
    [{}, {"sequence": [1], "num_bins": 513}, {"np_histogram": ([1], [1])}, {"np_histogram": (1,)}, {"sequence": ["x"]}],
)
def test_a_histogram_that_makes_no_sense_is_refused(arguments: Any) -> None:
    with pytest.raises(UsageError):
        runstore.Histogram(**arguments)


@hypothesis.given(st.lists(st.floats(-1e300, 1e300), min_size=1), st.integers(1, 512))
def test_every_finite_value_is_in_one_bin(numbers: list[float], bins: int) -> None:
    try:
        found = runstore.Histogram(numbers, num_bins=bins)
    except ValueError:  # Of numbers too close to be told apart numpy makes no bins.
        return
    assert sum(found.histogram) == len(numbers)
    assert len(found.bins) == len(found.histogram) + 1 == bins + 1
    assert found.bins == sorted(found.bins)
    assert found.bins[0] <= min(numbers) <= max(numbers) <= found.bins[-1]


@pytest.mark.parametrize("columns", [3, 4, 6])
def test_a_cloud_of_points_is_kept(columns: int, log: Log, folder: Path) -> None:
    points = numpy.arange(2 * columns, dtype=float).reshape(2, columns)
    for made in (runstore.Object3D(points), runstore.Object3D.from_numpy(points)):
        stub = log(made)
        assert (stub["_type"], stub["format"]) == ("object3D-file", "pts.json")
        assert stub["path"].endswith(".pts.json")
        assert orjson.loads((folder / stub["path"]).read_bytes()) == points.tolist()


def test_a_scene_has_points_boxes_and_vectors(log: Log, folder: Path) -> None:
    box = runstore.box3d(center=(1, 2, 3), size=(2, 2, 2), orientation=(2, 0, 0, 0), color=(1, 0, 0), label="b")
    assert box["corners"][0] == (0.0, 1.0, 2.0)
    assert box["corners"][7] == (2.0, 3.0, 4.0)
    turned = runstore.box3d(center=(0, 0, 0), size=(2, 4, 0), orientation=(1, 0, 0, -1), color=(1, 0, 0))
    assert numpy.abs(turned["corners"][0]).tolist() == pytest.approx([2, 1, 0])
    vectors = [{"start": [0, 0, 0], "end": [1, 1, 1]}]
    for scene in (
        runstore.Object3D.from_point_cloud([[0, 0, 0]], [box], vectors),
        runstore.Object3D({"type": "lidar/beta", "points": numpy.zeros((1, 3)), "boxes": numpy.array([box])}),
    ):
        found = orjson.loads((folder / log(scene)["path"]).read_bytes())
        assert found["type"] == "lidar/beta"
        assert found["points"] == [[0, 0, 0]]
        assert found["boxes"][0]["label"] == "b"
        assert len(found["boxes"][0]["corners"]) == 8


@pytest.mark.parametrize("ending", sorted(runstore.Object3D.SUPPORTED_TYPES))
def test_a_file_of_a_surface_is_kept(ending: str, tmp_path: Path, log: Log, folder: Path) -> None:
    path = tmp_path / f"a.{ending}"
    path.write_bytes(b"[[1,2,3]]")
    for given in (runstore.Object3D(path), runstore.Object3D.from_file(io.StringIO("[[1,2,3]]"), file_type=ending)):
        stub = log(given)
        assert (folder / stub["path"]).read_bytes() == path.read_bytes()
        assert stub["format"] == ending
    with path.open() as file:
        assert runstore.Object3D(file).read() == path.read_bytes()


@pytest.mark.parametrize(
    "given",
    [
        numpy.zeros((2, 5)),
        numpy.zeros(3),
        [[1, 2, 3]],
        {"type": "other"},
        {"points": []},
        {"type": "lidar/beta", "points": [[1]]},
        "a.txt",
        "gone.obj",
        io.StringIO("x"),
        7,
    ],
)
def test_what_is_nothing_in_space_is_refused_in_one_line(given: Any) -> None:
    with pytest.raises(UsageError) as caught:
        runstore.Object3D(given)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("ending", sorted(runstore.Molecule.SUPPORTED_TYPES))
def test_a_molecule_is_kept(ending: str, tmp_path: Path, log: Log, folder: Path) -> None:
    path = tmp_path / f"a.{ending}"
    path.write_text("ATOM")
    for given in (runstore.Molecule(str(path), caption="c"), runstore.Molecule(io.StringIO("ATOM"), file_type=ending)):
        stub = log(given)
        assert (stub["_type"], stub["format"]) == ("molecule-file", ending)
        assert (folder / stub["path"]).read_text() == "ATOM"


def test_a_molecule_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    for given in (tmp_path / "a.txt", "gone.pdb", io.StringIO("x"), 7):
        with pytest.raises(UsageError):
            runstore.Molecule(given)


def test_without_rdkit_smiles_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "rdkit", None)
    with pytest.raises(UsageError, match="needs rdkit, which is not installed; pip install rdkit"):
        runstore.Molecule.from_smiles("CCO")


def test_a_figure_of_plotly_is_kept_as_plain_json(log: Log, folder: Path) -> None:
    objects = pytest.importorskip("plotly.graph_objects")
    figure = objects.Figure(objects.Scatter(x=numpy.arange(3), y=[1, math.nan, 3]))
    for given in (figure, runstore.Plotly(figure), runstore.Plotly.make_plot_media(figure)):
        stub = log(given)
        assert (stub["_type"], stub["format"]) == ("plotly-file", "plotly.json")
        assert stub["path"].endswith(".plotly.json")
        trace = orjson.loads((folder / stub["path"]).read_bytes())["data"][0]
        assert (trace["x"], trace["y"]) == ([0, 1, 2], [1, None, 3])
    with pytest.raises(ValueError, match="must be plotly figures"):
        runstore.Plotly({"data": []})


def test_a_list_of_media_is_a_gallery(log: Log, again: Callable[[Any], Any]) -> None:
    images = [runstore.Image(numpy.full((2, 2), level), caption=str(level)) for level in (0, 255)]
    stub = log(images)
    assert (stub["_type"], stub["count"]) == ("gallery", 2)
    assert [item["caption"] for item in stub["items"]] == ["0", "255"]
    assert log((images[0], runstore.Html("x")))["items"][1]["_type"] == "html-file"
    assert log([PIL.Image.new("L", (2, 2))])["count"] == 1
    assert [item.read() for item in again(images).items] == [image.read() for image in images]


def test_of_a_list_of_many_images_the_first_are_kept(
    begin: Callable[..., Any], capfd: pytest.CaptureFixture[str]
) -> None:
    run = begin(settings={"silent": False})
    run.log({"x": [runstore.Image(numpy.zeros((1, 1)))] * 200})
    assert run.summary["x"]["count"] == runstore.Image.MAX_ITEMS == 108
    assert "Only 108 of 200 Images of one list are kept" in capfd.readouterr().err


@pytest.mark.parametrize(
    "make",
    [
        lambda: runstore.Image(numpy.zeros((2, 3)), caption="c", grouping=2),
        lambda: runstore.Audio([0.0, 1.0], 8000, caption="c"),
        lambda: runstore.Video(io.BytesIO(b"x"), format="mp4", caption="c"),
        lambda: runstore.Html("<p>"),
        lambda: runstore.Markdown("# x"),
        lambda: runstore.Object3D(numpy.zeros((2, 3)), caption="c"),
        lambda: runstore.Molecule(io.StringIO("x"), file_type="pdb", caption="c"),
        lambda: runstore.Histogram([1, 2, 3]),
        lambda: runstore.Classes([{"id": 1, "name": "a"}]),
        lambda: runstore.plot.line(runstore.Table(["x", "y"], [[1, 2]]), "x", "y", title="t"),
    ],
)
def test_every_kind_reads_back_and_says_the_same_again(make: Callable[[], Any], log: Log, folder: Path) -> None:
    first = make()
    stub = log(first)
    back = load(folder, stub)
    assert type(back) is type(first)
    if isinstance(first, FileMedia):
        assert isinstance(back, FileMedia)
        assert back.read() == first.read()
        assert back.caption == first.caption
    assert log(back) == stub


@pytest.mark.parametrize(
    "stub",
    [
        {},
        {"_type": "other"},
        {"_type": "image-file"},
        {"_type": "image-file", "path": "../../x"},
        {"_type": "image-file", "path": "/etc/passwd"},
        {"_type": "gallery", "items": 7},
        {"_type": "plot"},
        {"_type": "table-file", "path": "gone.json"},
        {"_type": "histogram", "values": "x", "bins": []},
    ],
)
def test_what_stands_for_nothing_is_one_clear_error(stub: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, stub)
    assert "\n" not in str(caught.value)


def test_links_in_a_store_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "media").symlink_to("/etc")
    with pytest.raises(UsageError, match="is a link, which is not followed"):
        load(tmp_path, {"_type": "image-file", "path": "media/passwd"})
