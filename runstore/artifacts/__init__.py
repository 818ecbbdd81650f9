"""Artifacts: named, versioned files that go into runs and come out of them."""
