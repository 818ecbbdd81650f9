"""Things in space: clouds of points, and files of surfaces."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import orjson

from runstore.errors import BadTypeError, BadValueError
from runstore.format import values
from runstore.media.base import FileMedia, ending_of, read_stream, source_file, stream_path
from runstore.media.pixels import as_array

_SHAPES = "points x 3 (x y z), x 4 (x y z and a category from 1 to 14) or x 6 (x y z and a colour r g b)"


def box3d(
    *,
    center: Any,
    size: Any,
    orientation: Any,
    color: tuple[float, float, float],
    label: str | None = None,
    score: float | None = None,
) -> dict[str, Any]:
    """A box in space by its middle, the lengths of its sides, and the rotation that turns space's axes into its own:
    a quaternion (r, x, y, z), of any length but 0. The corners come in the order of x, y, z, low before high.

    `color` is (r, g, b). Raises `ValueError` (a `UsageError`).
    """
    import itertools

    import numpy

    middle, sides, turn = (numpy.asarray(part, numpy.float64) for part in (center, size, orientation))
    if middle.shape != (3,) or sides.shape != (3,) or turn.shape != (4,):
        raise BadValueError(
            "box3d takes 3 numbers as center, 3 as size and 4 as orientation, found the shapes "
            f"{middle.shape}, {sides.shape}, {turn.shape}"
        )
    if not numpy.abs(turn).max() > 0:
        raise BadValueError("Unexpected zero quaternion as orientation; (1, 0, 0, 0) turns nothing")
    unit = numpy.array(list(itertools.product((-1.0, 1.0), repeat=3)))
    corners = middle + (0.5 * sides * unit) @ _rotation(turn)
    return {"corners": tuple(map(tuple, corners.tolist())), "color": color, "label": label, "score": score}


def _rotation(quaternion: Any) -> Any:
    """The matrix that turns rows of points (`points @ R`)."""
    import numpy

    scaled = quaternion / numpy.abs(quaternion).max()  # First, for the sake of very long and very short ones.
    r, x, y, z = scaled / numpy.linalg.norm(scaled)
    return numpy.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y + z * r), 2 * (x * z - y * r)],
            [2 * (x * y - z * r), 1 - 2 * (x * x + z * z), 2 * (y * z + x * r)],
            [2 * (x * z + y * r), 2 * (y * z - x * r), 1 - 2 * (x * x + y * y)],
        ]
    )


class Object3D(FileMedia):
    """A cloud of points, or a file of a surface.

    `data_or_path` is an array of points, with 3, 4 (a category) or 6 (a colour) columns; a mapping with
    `type="lidar/beta"` and `points`, `boxes`, `vectors`; the path of a file, which is kept byte for byte; or an open
    file, whose `file_type` is to be given. Raises `ValueError` or `TypeError`, both `UsageError`s too.
    """

    kind = "object3D-file"
    folder = "object3D"
    SUPPORTED_TYPES: ClassVar[set[str]] = {"obj", "gltf", "glb", "babylon", "stl", "pts.json"}
    SUPPORTED_POINT_CLOUD_TYPES: ClassVar[set[str]] = {"lidar/beta"}

    def __init__(self, data_or_path: Any, caption: str | None = None, file_type: str | None = None) -> None:
        given = stream_path(data_or_path)
        if isinstance(given, str | os.PathLike):
            form = ending_of(os.fspath(given), self.SUPPORTED_TYPES, "a 3D object")
            super().__init__(source_file(given, "a 3D object"), form, caption)
        elif hasattr(given, "read"):
            if file_type not in self.SUPPORTED_TYPES:
                known = ", ".join(sorted(self.SUPPORTED_TYPES))
                raise BadValueError(
                    f"Must pass file type keyword argument when using io objects: file_type, one of {known}; "
                    f"found {file_type!r}"
                )
            super().__init__(read_stream(given, "a 3D object"), str(file_type), caption)
        else:
            content = _scene(given) if isinstance(given, Mapping) else _points(given)
            super().__init__(orjson.dumps(content), "pts.json", caption)

    @classmethod
    def from_file(cls, data_or_path: Any, file_type: str | None = None) -> Self:
        """From the path of a file, or an open file of this type."""
        return cls(data_or_path, file_type=file_type)

    @classmethod
    def from_numpy(cls, data: Any) -> Self:
        """From an array of points."""
        if not hasattr(data, "shape"):
            raise BadValueError(f"`data` must be a numpy array, found a {type(data).__name__}")
        return cls(data)

    @classmethod
    def from_point_cloud(
        cls,
        points: Sequence[Any],
        boxes: Sequence[Any],
        vectors: Sequence[Any] | None = None,
        point_cloud_type: str = "lidar/beta",
    ) -> Self:
        """From points, boxes (see `box3d`) and vectors, each with `start` and `end`."""
        return cls({"type": point_cloud_type, "points": points, "boxes": boxes, "vectors": vectors})


def _points(data: Any) -> list[Any]:
    if not hasattr(data, "shape"):
        raise BadValueError(
            f"data must be a numpy array, dict or a file object, found a {type(data).__name__}; pass {_SHAPES}"
        )
    array = as_array(data, "a cloud of points")
    if array.ndim != 2 or array.shape[1] not in (3, 4, 6):
        raise BadValueError(f"The shape of the numpy array must be {_SHAPES}, found {list(array.shape)}")
    found: list[Any] = array.tolist()
    return found


def _scene(data: Mapping[str, Any]) -> dict[str, Any]:
    if data.get("type") not in Object3D.SUPPORTED_POINT_CLOUD_TYPES:
        raise BadValueError(
            f"Type not supported, only 'lidar/beta' is currently supported, found {data.get('type')!r} under 'type'"
        )
    found: dict[str, Any] = {"type": data["type"]}
    for part in ("vectors", "points", "boxes"):
        content: Any = data.get(part)
        listed = content.tolist() if hasattr(content, "tolist") else [] if content is None else content
        plain = values.plain(listed, finite=False)
        if not isinstance(plain, list):
            raise BadTypeError(f"the {part} of a scene are a list, found a {type(content).__name__}")
        found[part] = plain
    if bad := next(
        (point for point in found["points"] if not isinstance(point, list) or len(point) not in (3, 4, 6)), 0
    ):
        raise BadValueError(f"points of a scene have 3, 4 or 6 numbers, found {bad!r}")
    return found
