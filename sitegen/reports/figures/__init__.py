"""The panels, tables and lineages of a report: their settings, and the data that their pages load."""
