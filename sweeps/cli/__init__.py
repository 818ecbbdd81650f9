"""The commands `runstore sweep` and `runstore agent`."""
