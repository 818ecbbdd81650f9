"""What a value in an event file is here: a number, a text, an image, a histogram, a table, a sound."""

from collections.abc import Callable
from typing import Any, Final

from runstore.errors import RunstoreError
from runstore.events import tensors, wire
from runstore.events.event import Plugin, Value
from runstore.events.hparams import Session
from runstore.media.gallery import Gallery
from runstore.media.histogram import Histogram
from runstore.media.kept import Kept
from runstore.media.pixels import size_of
from runstore.media.table import Table

_LARGEST: Final = 1e300
"""TensorFlow writes the largest of all floats for a bucket without end."""
_PR_COLUMNS: Final = (
    "threshold",
    "true_positives",
    "false_positives",
    "true_negatives",
    "false_negatives",
    "precision",
    "recall",
)
_HPARAMS: Final = "hparams"
_MOST_TAGS: Final = 1_000_000
NOTHING: Final = object()
"""What is no value of a run."""


class Plugins:
    """Makes values out of those in events. Remembers which plugin draws a tag: only its first value says so.

    `left_out` is told, by name, what has no counterpart here. `session` gathers what the plugin for hyperparameters
    said.
    """

    def __init__(self, left_out: Callable[[str], None]) -> None:
        self._left_out = left_out
        self._plugins: dict[str, Plugin] = {}
        self.session = Session()

    def logged(self, value: Value) -> Any:
        """A plain value or media, `NOTHING` for what is none; it was told then."""
        plugin = self._plugin(value)
        try:
            if value.kind == "scalar":
                return value.data
            if plugin.name == _HPARAMS:
                self.session.take(plugin.content)
                return NOTHING
            assert isinstance(value.data, bytes)
            return self._made(value.kind, plugin.name, value.data)
        except (wire.WireError, RunstoreError, ValueError, OverflowError, TypeError) as error:
            self._left_out(f"a value that cannot be read ({value.tag}: {' '.join(str(error).split())[:100]})")
            return NOTHING

    def _plugin(self, value: Value) -> Plugin:
        found = self._plugins.get(value.tag)
        if found is None:
            found = value.plugin or Plugin()
            if value.plugin is not None and len(self._plugins) < _MOST_TAGS:
                self._plugins[value.tag] = value.plugin
        elif value.plugin is not None and found.name == _HPARAMS:
            return value.plugin
        return found

    def _made(self, kind: str, plugin: str, data: bytes) -> Any:
        if kind == "histogram":
            return _old_histogram(data)
        if kind == "image":
            return _image(_part(data, 4))
        if kind == "audio":
            return _audio(_part(data, 4), data)
        if kind == "tensor":
            return self._tensor(plugin, tensors.parse(data))
        self._left_out("a value of an unknown kind")
        return NOTHING

    def _tensor(self, plugin: str, tensor: tensors.Tensor) -> Any:
        if plugin in ("images", "image") and len(tensor.strings) > 2:
            return _images(tensor.strings[2:])
        if plugin == "audio" and tensor.strings:
            return _audio(tensor.strings[0], b"")
        if plugin == "histograms":
            return _histogram(tensor)
        if plugin == "pr_curves":
            return _pr_curve(tensor)
        if plugin in ("custom_scalars", "mesh", "profile", "graphs", "projector", "npmi", "debugger-v2"):
            self._left_out(f"a value of TensorBoard's plugin {plugin}")
            return NOTHING
        return _text(tensor) if tensor.dtype == tensors.STRING else _numbers(tensor)


def _part(data: bytes, number: int) -> bytes:
    found = [wire.body(value) for at, _, value in wire.fields(data) if at == number]
    return found[-1] if found else b""


def _numbers(tensor: tensors.Tensor) -> Any:
    array = tensor.array()
    return array.item() if array.size == 1 else array.tolist()


def _text(tensor: tensors.Tensor) -> Any:
    texts = [each.decode("utf-8", "backslashreplace") for each in tensor.strings]
    if len(texts) == 1:
        return texts[0]
    width = tensor.shape[-1] if len(tensor.shape) > 1 else 0
    return [texts[at : at + width] for at in range(0, len(texts), width)] if width > 0 else texts


def _image(content: bytes) -> Kept:
    found = size_of(content)
    if found is None:
        raise wire.WireError("a picture of no known format")
    name, width, height = found
    return Kept("image-file", "images", content, name, {"width": width, "height": height})


def _images(contents: tuple[bytes, ...]) -> Any:
    made = [_image(content) for content in contents]
    return made[0] if len(made) == 1 else Gallery(made)


def _audio(content: bytes, message: bytes) -> Kept:
    rate = [wire.single(value) for number, _, value in wire.fields(message) if number == 1]
    frames = [wire.whole(value) for number, _, value in wire.fields(message) if number == 3]
    facts: dict[str, Any] = {"sample_rate": round(rate[0])} if rate and rate[0] > 0 else {}
    if facts and frames:
        facts["duration"] = frames[0] / rate[0]
    return Kept("audio-file", "audio", content, "wav" if content[:4] == b"RIFF" else "bin", facts)


def _old_histogram(data: bytes) -> Histogram:
    """A HistogramProto: the upper limits of buckets and how many values are in each, with least and greatest value."""
    low, high = 0.0, 0.0
    limits: list[float] = []
    counts: list[float] = []
    for number, kind, value in wire.fields(data):
        if number == 1:
            low = wire.double(value)
        elif number == 2:
            high = wire.double(value)
        elif number == 6:
            limits += map(wire.double, wire.packed(kind, value, wire.FIXED64))
        elif number == 7:
            counts += map(wire.double, wire.packed(kind, value, wire.FIXED64))
    if not limits or len(limits) != len(counts):
        raise wire.WireError(f"a histogram of {len(limits)} limits and {len(counts)} counts")
    first = limits[0] if limits[0] < -_LARGEST else min(low, limits[0])
    return _binned(counts, _ends([first, *limits], low, high))


def _histogram(tensor: tensors.Tensor) -> Any:
    """Rows of left edge, right edge and count."""
    array = tensor.array()
    if array.size == 0:
        return Histogram(np_histogram=([0], [0.0, 0.0]))
    if array.ndim != 2 or array.shape[1] != 3:
        raise wire.WireError(f"a histogram of the shape {list(array.shape)}, expected [buckets, 3]")
    edges = [float(array[0, 0]), *array[:, 1].tolist()]
    return _binned(array[:, 2].tolist(), _ends(edges, edges[0], edges[-1]))


def _ends(edges: list[float], low: float, high: float) -> list[float]:
    """Edges of which those without end are the least and greatest value, where these lie behind their neighbours."""
    if edges[0] < -_LARGEST:
        edges[0] = min(low, edges[1])
    if edges[-1] > _LARGEST:
        edges[-1] = max(high, edges[-2])
    return edges


def _binned(counts: list[float], edges: list[float]) -> Histogram:
    """A histogram; neighbours are joined where there are more bins than one has here."""
    while len(counts) > Histogram.MAX_LENGTH:
        pairs = [*zip(counts[::2], counts[1::2], strict=False)]
        odd = counts[-1:] if len(counts) % 2 else []
        edges = [*edges[: len(pairs) * 2 : 2], edges[2 * len(pairs)], *(edges[-1:] if odd else [])]
        counts = [one + other for one, other in pairs] + odd
    return Histogram(np_histogram=([int(each) if each.is_integer() else each for each in counts], edges))


def _pr_curve(tensor: tensors.Tensor) -> Table:
    """A row a threshold; TensorBoard spaces them evenly from 0 to 1."""
    array = tensor.array()
    if array.ndim != 2 or array.shape[0] != 6:
        raise wire.WireError(f"a PR curve of the shape {list(array.shape)}, expected [6, thresholds]")
    many = max(array.shape[1] - 1, 1)
    rows = [[at / many, *map(float, array[:, at])] for at in range(array.shape[1])]
    return Table(columns=list(_PR_COLUMNS), data=rows)
