"""Runstore: an experiment tracker whose database is a directory tree."""
