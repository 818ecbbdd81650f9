"""The store's format: names of files, values, records. Nothing here knows how runs are recorded or read."""
