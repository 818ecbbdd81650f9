"""Sites built for tests."""

from pathlib import Path

from sitegen.build import build_site


def build(store: Path, out: Path) -> Path:
    """Builds the site of a store and returns its directory."""
    return build_site(store, out).out
