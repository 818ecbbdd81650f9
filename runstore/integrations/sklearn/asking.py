"""What the charts ask of models and data. Each refusal is a `UsageError` of one line."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from runstore.errors import BadTypeError, BadValueError

Kind = Literal["classifier", "regressor", "clusterer"]


def given(**values: Any) -> None:
    """Raises `BadValueError` for the first value that is None."""
    for name, value in values.items():
        if value is None:
            raise BadValueError(f"{name} is None; pass it")


def fitted(model: Any, *kinds: Kind) -> None:
    """Raises `BadTypeError` for a model of none of these kinds, `BadValueError` for one that was not fitted."""
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    of_kind(model, *kinds)
    try:
        check_is_fitted(model)
    except NotFittedError:
        raise BadValueError(f"the {type(model).__name__} is not fitted; call fit first") from None
    except TypeError:
        pass  # No estimator of scikit-learn's own: it says itself, when it is used.


def of_kind(model: Any, *kinds: Kind) -> None:
    """Raises `BadTypeError` for a model of none of these kinds."""
    if model is None or not any(_is(model, kind) for kind in kinds):
        raise BadTypeError(f"found a {type(model).__name__}, expected a {' or '.join(kinds)} of scikit-learn")


def _is(model: Any, kind: Kind) -> bool:
    from sklearn import base

    asked = {"classifier": base.is_classifier, "regressor": base.is_regressor, "clusterer": base.is_clusterer}[kind]
    try:
        return bool(asked(model))
    except (AttributeError, TypeError):  # One without tags: an estimator of another library, in the older manner.
        return getattr(model, "_estimator_type", None) == kind


def matrix(data: Any, name: str) -> Any:
    """Features as an array of numbers, samples x features. Raises `BadValueError`."""
    import numpy

    dense = data.toarray() if hasattr(data, "toarray") else data
    try:
        found = numpy.asarray(dense, dtype=float)
    except (TypeError, ValueError):
        raise BadValueError(f"{name} holds what is no number; encode it first") from None
    if found.ndim != 2 or not numpy.isfinite(found).all():
        raise BadValueError(f"{name} has the shape {list(found.shape)}, expected finite numbers, samples x features")
    return found


def probabilities(scores: Any) -> Any:
    """Scores of two classes given as those of the second one alone, as samples x classes; others as they are."""
    import numpy

    found = None if scores is None else numpy.asarray(scores)
    return scores if found is None or found.ndim != 1 else numpy.column_stack([1 - found, found])


def names_of(classes: Any, labels: Sequence[Any] | Mapping[Any, Any] | None) -> list[str]:
    """What classes are called: by number in `labels` where they are whole numbers that it has, else in its order."""
    import numpy

    known = numpy.asarray(classes)
    if labels is None:
        return [str(each) for each in known.tolist()]
    texts = [str(each) for each in labels]
    if known.dtype.kind in "iu" and (not known.size or (known.min() >= 0 and known.max() < len(texts))):
        return [texts[int(each)] for each in known]
    if len(texts) != len(known):
        raise BadValueError(f"there are {len(texts)} labels for {len(known)} classes; give each class one")
    return texts


def thinned(count: int, most: int) -> Any:
    """The places of at most `most` of `count` things, evenly spread."""
    import numpy

    return numpy.arange(count) if count <= most else numpy.linspace(0, count - 1, most).round().astype(int)
