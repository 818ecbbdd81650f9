"""Histories of old runs as Parquet: smaller, read as if they were still lines, and turned back byte for byte."""
