"""Images: from arrays and tensors, Pillow, matplotlib or files, with boxes and masks over them."""

import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

from runstore.errors import BadValueError
from runstore.media.base import MEDIA_EXTRA, FileMedia, Shelf, Stub, need, source_file
from runstore.media.overlays import BoundingBoxes2D, Classes, ImageMask, labels_of, named
from runstore.media.pixels import figure_of, is_matplotlib, is_pillow, mode_of, picture, png, size_of

_WRITTEN: Final = ("png", "jpg", "jpeg", "bmp")
_KNOWN: Final = frozenset({"png", "jpg", "jpeg", "gif", "webp", "bmp", "svg"})
_PNG_MODES: Final = frozenset({"1", "L", "LA", "I", "I;16", "P", "RGB", "RGBA"})


class Image(FileMedia):
    """A picture. What is given is encoded at once, so the array may change afterwards.

    `data_or_path` is an array (height x width, with 1, 3 or 4 channels last), a torch tensor (channels first), a
    Pillow image, something of matplotlib, the path of a picture, which is kept byte for byte, or another Image.
    `mode` is Pillow's, to convert to; `file_type` one of png, jpg, bmp; `boxes` and `masks` are mappings by name, see
    `BoundingBoxes2D` and `ImageMask`; `classes` names the classes of those that do not themselves. Fractions are
    stretched to the range from 0 to 255 unless `normalize` is False. Raises `ValueError` or `TypeError`, both
    `UsageError`s too.
    """

    kind = "image-file"
    folder = "images"

    MAX_ITEMS: ClassVar[int] = 108
    """How many images of one list are kept."""
    MAX_DIMENSION: ClassVar[int] = 65500

    def __init__(
        self,
        data_or_path: Any,
        mode: str | None = None,
        caption: str | None = None,
        grouping: int | None = None,
        classes: Classes | Sequence[Mapping[str, Any]] | None = None,
        boxes: Mapping[str, Any] | None = None,
        masks: Mapping[str, Any] | None = None,
        file_type: str | None = None,
        normalize: bool = True,
    ) -> None:
        self._width: int | None = None
        self._height: int | None = None
        self._grouping = grouping
        if file_type is not None and file_type not in _WRITTEN:
            raise BadValueError(f"file_type must be one of {list(_WRITTEN)}, found {file_type!r}")
        content, form = self._take(data_or_path, mode, file_type or "png", normalize)
        if caption is None and isinstance(data_or_path, Image):
            caption = data_or_path._caption
        super().__init__(content, form, caption)
        given = classes if isinstance(classes, Classes) or classes is None else Classes(classes)
        self._labels = given.labels if given is not None else None
        self._boxes = named(boxes, BoundingBoxes2D, "boxes")
        self._masks = named(masks, ImageMask, "masks")

    @property
    def width(self) -> int | None:
        return self._width

    @property
    def height(self) -> int | None:
        return self._height

    @property
    def image(self) -> Any:
        """The picture as Pillow has it. Raises `UsageError` where Pillow is not installed."""
        pillow = need("PIL.Image", "Image.image", MEDIA_EXTRA)
        found = pillow.open(io.BytesIO(self.read()))
        found.load()
        return found

    def to_data_array(self) -> list[Any]:
        """The pixels, a list a line."""
        import numpy

        found: list[Any] = numpy.asarray(self.image).tolist()
        return found

    def _take(self, given: Any, mode: str | None, file_type: str, normalize: bool) -> tuple[bytes | Path, str]:
        """The content of the file, and its format."""
        if isinstance(given, Image):
            self._width, self._height = given._width, given._height
            self._grouping = given._grouping if self._grouping is None else self._grouping
            return given._content, given.format
        if isinstance(given, str | os.PathLike):
            return self._take_file(source_file(given, "an image"))
        if is_matplotlib(given) or hasattr(given, "savefig"):
            return self._take_figure(given, file_type)
        if is_pillow(given):
            return self._take_pillow(given, mode, file_type)
        array = picture(given, normalize=normalize)
        self._measure(array.shape[1], array.shape[0])
        if file_type == "png" and mode in (None, mode_of(array)):
            return png(array), file_type
        pillow = need("PIL.Image", f"an image with file_type={file_type!r} and mode={mode!r}", MEDIA_EXTRA)
        return self._take_pillow(pillow.fromarray(array), mode, file_type)

    def _take_file(self, path: Path) -> tuple[Path, str]:
        ending = path.suffix[1:].lower()
        try:
            found = size_of(path)
            if found is None and ending == "svg":
                return path, ending
        except OSError as error:
            raise BadValueError(f"{path}: cannot be read ({error.strerror or error}); check its permissions") from None
        if found is None:
            pillow = need("PIL.Image", f"{path}: a picture of this kind", MEDIA_EXTRA)
            try:
                with pillow.open(path) as opened:
                    found = (str(opened.format).lower(), *opened.size)
            except Exception as error:  # Pillow raises whatever a broken file makes it trip over.
                raise BadValueError(f"{path}: is no picture that can be read ({error}); log another file") from None
        self._measure(found[1], found[2])
        return path, ending if ending in _KNOWN else found[0]

    def _take_figure(self, given: Any, file_type: str) -> tuple[bytes, str]:
        figure = figure_of(given)
        buffer = io.BytesIO()
        try:
            figure.savefig(buffer, format="png" if file_type == "bmp" else file_type)
        except Exception as error:  # Drawing runs code of the script's own.
            raise BadValueError(f"the figure cannot be drawn ({type(error).__name__}: {error}); mend it") from error
        data = buffer.getvalue()
        found = size_of(data)
        if found is not None:
            self._measure(found[1], found[2])
        return data, "png" if file_type == "bmp" else file_type

    def _take_pillow(self, given: Any, mode: str | None, file_type: str) -> tuple[bytes, str]:
        if file_type in ("jpg", "jpeg"):
            shown = given.convert(mode if mode in ("L", "CMYK") else "RGB")
        elif mode is not None and mode != given.mode:
            try:
                shown = given.convert(mode)
            except (ValueError, TypeError):
                said = f"an image cannot be of the mode {mode!r}; pass one of Pillow's, such as L, RGB or RGBA"
                raise BadValueError(said) from None
        else:
            shown = given
        if file_type == "png" and shown.mode not in _PNG_MODES:
            shown = shown.convert("L" if shown.mode == "F" else "RGBA" if "A" in shown.mode else "RGB")
        self._measure(*shown.size)
        buffer = io.BytesIO()
        shown.save(buffer, "JPEG" if file_type in ("jpg", "jpeg") else file_type.upper())
        return buffer.getvalue(), file_type

    def _measure(self, width: int, height: int) -> None:
        if max(width, height) > self.MAX_DIMENSION:
            raise BadValueError(
                f"the image is {width} x {height} pixels, at most {self.MAX_DIMENSION} on a side are shown; log a part"
            )
        self._width, self._height = int(width), int(height)

    def facts(self, shelf: Shelf) -> Stub:
        sizes = {"width": self._width, "height": self._height, "grouping": self._grouping}
        found = {"format": self.format, **{key: value for key, value in sizes.items() if value is not None}}
        if self._labels:
            found["classes"] = self._labels
        if self._boxes:
            found["boxes"] = {key: boxes.to_data(self._labels) for key, boxes in self._boxes.items()}
        if self._masks:
            found["masks"] = {key: mask.stub(shelf, self._labels) for key, mask in self._masks.items()}
        return found

    def _restore(self, folder: Path, stub: Mapping[str, Any]) -> None:
        self._width, self._height = stub.get("width"), stub.get("height")
        self._grouping = stub.get("grouping")
        self._labels = labels_of(stub["classes"]) if stub.get("classes") else None
        self._boxes = named(stub.get("boxes"), BoundingBoxes2D, "boxes")
        masks = stub.get("masks") or {}
        self._masks = {key: ImageMask.revive(folder, mask, key) for key, mask in masks.items()}
