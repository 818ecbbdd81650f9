"""Interactive figures of Plotly. Those of matplotlib are images."""

import base64
from typing import Any, Self

import orjson

from runstore.errors import BadValueError, UsageError
from runstore.format import values
from runstore.media.base import FileMedia
from runstore.media.image import Image
from runstore.media.pixels import figure_of, is_matplotlib


def is_plotly(value: Any) -> bool:
    """Whether `value` is a figure of Plotly, known by what it can do."""
    return callable(getattr(type(value), "to_plotly_json", None)) and hasattr(type(value), "layout")


class Plotly(FileMedia):
    """A figure of Plotly, or one of matplotlib that Plotly can take over, kept as Plotly's JSON.

    Raises `ValueError` (a `UsageError`).
    """

    kind = "plotly-file"
    folder = "plotly"

    def __init__(self, val: Any) -> None:
        figure = _converted(val) if is_matplotlib(val) else val
        if not callable(getattr(figure, "to_plotly_json", None)):
            raise BadValueError(
                f"Logged plots must be plotly figures, or matplotlib plots, found a {type(val).__name__}; pass a figure"
            )
        content = _listed(values.plain(figure.to_plotly_json(), finite=False, other=str))
        super().__init__(orjson.dumps(values.writable(content)), "plotly.json")

    @classmethod
    def make_plot_media(cls, val: Any) -> "Image | Self":
        """An Image of a figure of matplotlib; a Plotly of one of Plotly."""
        return Image(val) if is_matplotlib(val) else cls(val)


def _listed(part: Any) -> Any:
    """Plotly's JSON with the arrays that it packs as Base64 as lists."""
    if isinstance(part, list):
        return [_listed(inner) for inner in part]
    if not isinstance(part, dict):
        return part
    if not {"bdata", "dtype"} <= part.keys():
        return {key: _listed(inner) for key, inner in part.items()}
    import numpy

    array = numpy.frombuffer(base64.b64decode(part["bdata"]), numpy.dtype(part["dtype"]))
    shape = [int(size) for size in str(part.get("shape", array.size)).split(",")]
    return array.reshape(shape).tolist()


def _converted(value: Any) -> Any:
    """A figure of matplotlib as one of Plotly. Raises `UsageError`."""
    try:
        from plotly.tools import mpl_to_plotly

        return mpl_to_plotly(figure_of(value))
    except UsageError:
        raise
    except Exception as error:  # Plotly's converter trips over what it does not know, in many ways.
        raise BadValueError(
            f"this figure of matplotlib cannot be turned into one of Plotly ({type(error).__name__}: {error}); "
            "log it as an Image"
        ) from None
