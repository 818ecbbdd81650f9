"""Runs that other trackers recorded, brought into the store."""
