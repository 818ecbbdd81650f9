"""Changing what is in a store: editing, deleting and restoring runs, comparing them, taking them elsewhere."""
