"""Which names a pattern of somebody's matches, by an engine that takes linear time whatever the pattern is."""

from collections.abc import Sequence

import polars as pl


def matching(names: Sequence[str], pattern: str) -> list[str]:
    """The names in which the regular expression is found, without regard to case; what is no expression is looked for
    as it stands, as on the pages."""
    try:
        found = pl.Series(list(names), dtype=pl.String).str.contains(f"(?im){pattern}", strict=True)
        return [name for name, is_match in zip(names, found.to_list(), strict=True) if is_match]
    except pl.exceptions.ComputeError:
        plain = pattern.lower()
        return [name for name in names if plain in name.lower()]
