"""Images: what an array shows, files kept as they are, boxes and masks."""

import hashlib
import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import PIL.Image
import pytest

import runstore
from runstore.errors import UsageError
from runstore.media import pixels
from tests.media.conftest import Log

RAMP = numpy.arange(24, dtype=numpy.uint8).reshape(2, 4, 3)


def pixels_of(folder: Path, stub: dict[str, Any]) -> Any:
    return numpy.asarray(PIL.Image.open(folder / stub["path"]))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (RAMP, RAMP),
        (RAMP[:, :, 0], RAMP[:, :, 0]),
        (RAMP[:, :, :1], RAMP[:, :, 0]),
        (RAMP[None], RAMP),
        (numpy.dstack([RAMP, RAMP[:, :, 0]]), numpy.dstack([RAMP, RAMP[:, :, 0]])),
        (numpy.array([[0.0, 0.5, 1.0]]), [[0, 127, 255]]),
        (numpy.array([[-1.0, 0.0, 1.0]]), [[0, 127, 255]]),
        (numpy.array([[0.0, 128.7, 300.0, -5.0]]), [[0, 128, 255, 0]]),
        (numpy.array([[0.0, numpy.nan, numpy.inf]]), [[0, 0, 255]]),
        (numpy.array([[0, 1, 256, -3]]), [[0, 1, 255, 0]]),
        (numpy.array([[True, False]]), [[255, 0]]),
        ([[0, 10], [20, 30]], [[0, 10], [20, 30]]),
    ],
)
def test_an_array_shows_what_it_holds(given: Any, expected: Any, log: Log, folder: Path) -> None:
    stub = log(runstore.Image(given))
    assert pixels_of(folder, stub).tolist() == numpy.asarray(expected).tolist()
    assert (stub["_type"], stub["format"]) == ("image-file", "png")
    assert (stub["height"], stub["width"]) == numpy.asarray(expected).shape[:2]


def test_fractions_are_cut_off_alone_when_they_are_not_to_be_stretched(log: Log, folder: Path) -> None:
    stub = log(runstore.Image(numpy.array([[0.0, 1.0, 200.0]]), normalize=False))
    assert pixels_of(folder, stub).tolist() == [[0, 1, 200]]


@pytest.mark.parametrize("dtype", ["uint8", "float32", "bfloat16"])
def test_a_tensor_of_torch_has_its_channels_first(dtype: str, log: Log, folder: Path) -> None:
    torch = pytest.importorskip("torch")
    tensor = torch.zeros(3, 2, 4, dtype=getattr(torch, dtype))
    tensor[0] = 1
    if dtype == "float32":
        tensor.requires_grad_()
    found = pixels_of(folder, log(runstore.Image(tensor)))
    assert found.shape == (2, 4, 3)
    assert found[0, 0].tolist() == ([1, 0, 0] if dtype == "uint8" else [255, 0, 0])


@pytest.mark.parametrize("shape", [(3,), (2, 2, 2), (3, 5, 7), (2, 3, 4, 5), (0, 4)])
def test_an_array_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="Un-supported shape for image conversion") as caught:
        runstore.Image(numpy.zeros(shape))
    assert isinstance(caught.value, UsageError)


@pytest.mark.parametrize("given", ["text that is no path", b"bytes", object(), {"a": 1}, numpy.array(["x"])])
def test_what_is_no_image_is_refused(given: Any) -> None:
    with pytest.raises(UsageError):
        runstore.Image(given)


def test_a_mode_that_pillow_does_not_know_is_refused_in_one_line() -> None:
    with pytest.raises(UsageError, match="cannot be of the mode 'FOO'; pass one of Pillow's"):
        runstore.Image(numpy.zeros((2, 2, 3)), mode="FOO")


def test_an_array_may_change_once_it_is_an_image(log: Log, folder: Path) -> None:
    array = numpy.zeros((2, 2), numpy.uint8)
    image = runstore.Image(array)
    array[:] = 255
    assert pixels_of(folder, log(image)).max() == 0


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP", "BMP"])
def test_a_file_is_kept_byte_for_byte(form: str, tmp_path: Path, log: Log, folder: Path) -> None:
    path = tmp_path / f"a.{form.lower()}"
    PIL.Image.fromarray(RAMP).save(path, form)
    stub = log(runstore.Image(path, caption="as it is"))
    assert (folder / stub["path"]).read_bytes() == path.read_bytes()
    assert (stub["width"], stub["height"], stub["caption"]) == (4, 2, "as it is")
    assert stub["path"].endswith(f".{stub['format']}")
    assert stub["format"] == form.lower()
    known = pixels.size_of(path)
    assert known is not None
    assert known[1:] == (4, 2)


def test_a_drawing_in_svg_is_kept(tmp_path: Path, log: Log, folder: Path) -> None:
    path = tmp_path / "a.svg"
    path.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    stub = log(runstore.Image(str(path)))
    assert (stub["format"], (folder / stub["path"]).read_text()) == ("svg", path.read_text())


def test_a_file_is_kept_as_it_was_when_it_was_logged(tmp_path: Path, log: Log, folder: Path) -> None:
    """Scripts write one file again and again: what is in the store must not change with it."""
    path = tmp_path / "a.png"
    for level in (0, 255):
        path.write_bytes(pixels.png(numpy.full((2, 2), level, numpy.uint8)))
        stub = log(runstore.Image(path))
        first = stub if level == 0 else first  # noqa: F821
    assert pixels_of(folder, first).max() == 0
    assert hashlib.sha256((folder / first["path"]).read_bytes()).hexdigest() == first["sha256"]


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "I;16", "F", "YCbCr"])
def test_a_picture_of_pillow_is_kept(mode: str, log: Log, folder: Path) -> None:
    stub = log(PIL.Image.new(mode, (5, 3)))
    assert (stub["_type"], stub["width"], stub["height"]) == ("image-file", 5, 3)
    assert pixels_of(folder, stub).shape[:2] == (3, 5)


@pytest.mark.parametrize("file_type", ["jpg", "jpeg", "bmp", "png"])
def test_an_array_is_written_in_the_format_asked_for(file_type: str, log: Log, folder: Path) -> None:
    rgba = numpy.zeros((4, 4, 4), numpy.uint8)
    stub = log(runstore.Image(rgba, file_type=file_type, mode="RGB"))
    assert stub["format"] == file_type
    assert PIL.Image.open(folder / stub["path"]).mode == "RGB"
    with pytest.raises(ValueError, match="file_type must be one of"):
        runstore.Image(rgba, file_type="tiff")


def test_a_figure_of_matplotlib_its_axes_and_pyplot_are_images(log: Log, folder: Path) -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")
    figure, axes = pyplot.subplots()
    axes.plot([1, 2])
    for given in (figure, axes, pyplot, axes.lines[0], runstore.Image(figure, caption="c")):
        stub = log(given)
        assert stub["_type"] == "image-file"
        assert pixels_of(folder, stub).shape[0] == stub["height"] > 100
    pyplot.close("all")


def test_an_image_of_an_image_is_its_copy() -> None:
    first = runstore.Image(RAMP, caption="one", grouping=3)
    assert runstore.Image(first).read() == first.read()
    assert runstore.Image(first).caption == "one"
    assert runstore.Image(first, caption="two").caption == "two"


BOX = {"position": {"minX": 0.1, "maxX": 0.2, "minY": 0.3, "maxY": 0.4}, "class_id": 1, "scores": {"acc": 0.5}}
MIDDLE = {"position": {"middle": [5, 6], "width": 2, "height": 3}, "domain": "pixel", "box_caption": "b"}


def test_boxes_and_masks_lie_over_an_image(log: Log, folder: Path, again: Callable[[Any], Any]) -> None:
    mask = numpy.array([[0, 1], [2, 255]])
    image = runstore.Image(
        RAMP,
        boxes={"truth": {"box_data": [BOX, MIDDLE], "class_labels": {1: "cat"}}, "guess": {"box_data": [BOX]}},
        masks={"truth": {"mask_data": mask, "class_labels": {0: "sky", 1: "sea"}}, "guess": {"mask_data": mask}},
    )
    stub = log(image)
    assert stub["boxes"]["truth"] == {"box_data": [BOX, MIDDLE], "class_labels": {"1": "cat"}}
    assert stub["boxes"]["guess"]["class_labels"] == {"1": "class_1"}
    kept = stub["masks"]["truth"]
    assert kept.keys() == {"path", "sha256", "size", "class_labels"}
    assert pixels_of(folder, kept).tolist() == mask.tolist()
    assert kept["class_labels"] == {"0": "sky", "1": "sea"}
    assert stub["masks"]["guess"]["class_labels"]["255"] == "class_255"
    assert stub["masks"]["guess"]["path"] == kept["path"]
    back = again(image)
    assert {**log(back), "path": ""} == {**stub, "path": ""}


def test_classes_name_what_boxes_and_masks_do_not(log: Log) -> None:
    classes = runstore.Classes([{"id": 1, "name": "cat"}])
    for given in (classes, [{"id": 1, "name": "cat"}]):
        stub = log(
            runstore.Image(
                RAMP, classes=given, boxes={"b": {"box_data": [BOX]}}, masks={"m": {"mask_data": RAMP[:, :, 0]}}
            )
        )
        assert stub["boxes"]["b"]["class_labels"] == stub["masks"]["m"]["class_labels"] == {"1": "cat"}


@pytest.mark.parametrize(
    "overlay",
    [
        {"boxes": [BOX]},
        {"boxes": {"b": {"box_data": BOX}}},
        {"boxes": {"b": {}}},
        {"boxes": {"b": {"box_data": [{"position": {"minX": 1}}]}}},
        {"boxes": {"b": {"box_data": [{**BOX, "class_id": "x"}]}}},
        {"boxes": {"b": {"box_data": [{**BOX, "scores": {"a": "x"}}]}}},
        {"boxes": {"b": {"box_data": [{**BOX, "box_caption": 1}]}}},
        {"boxes": {"b": {"box_data": [BOX], "class_labels": {1: 2}}}},
        {"masks": {"m": {}}},
        {"masks": {"m": {"mask_data": numpy.zeros((2, 2, 2))}}},
        {"masks": {"m": {"mask_data": numpy.array([[256]])}}},
        {"masks": {"m": {"path": "nowhere.png"}}},
        {"classes": [{"id": 1}]},
    ],
)
def test_overlays_that_make_no_sense_are_refused_in_one_line(overlay: Any) -> None:
    with pytest.raises(UsageError) as caught:
        runstore.Image(RAMP, **overlay)
    assert "\n" not in str(caught.value)


def test_a_missing_file_a_folder_and_a_page_of_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        runstore.Image(tmp_path / "gone.png")
    (tmp_path / "text.png").write_text("no picture")
    for wrong in (tmp_path, tmp_path / "text.png", "https://example.org/a.png"):
        with pytest.raises(UsageError):
            runstore.Image(wrong)


def test_without_pillow_arrays_are_images_all_the_same(tmp_path: Path) -> None:
    code = (
        "import sys\nsys.modules['PIL'] = sys.modules['PIL.Image'] = None\n"
        "import numpy, runstore\n"
        "run = runstore.init(dir=sys.argv[1], settings={'disable_git': True, 'silent': True})\n"
        "run.log({'a': runstore.Image(numpy.zeros((2, 3)))})\n"
        "try:\n    runstore.Image(numpy.zeros((2, 3)), file_type='jpg')\n"
        "except runstore.UsageError as error:\n    print(error)\n"
        "run.finish()\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert "pip install 'runstore[media]'" in done.stdout
    [path] = tmp_path.rglob("media/images/*.png")
    assert PIL.Image.open(path).size == (3, 2)


def test_png_files_of_ours_are_what_pillow_reads() -> None:
    generator = numpy.random.default_rng(0)
    for shape in ((1, 1), (7, 5), (64, 1, 3), (33, 65, 3), (5, 4, 4)):
        array = generator.integers(0, 256, shape, dtype=numpy.uint8)
        assert numpy.asarray(PIL.Image.open(io.BytesIO(pixels.png(array)))).tolist() == array.tolist()
