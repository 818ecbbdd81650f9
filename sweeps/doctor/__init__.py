"""Tests what a sweep needs of a disk that several machines share."""
