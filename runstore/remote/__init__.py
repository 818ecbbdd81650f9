"""Stores elsewhere: read from any address that fsspec knows, and kept in step with `runstore sync`."""
