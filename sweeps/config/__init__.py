"""A sweep's configuration: W&B's schema and our own keys, checked, with every default in its place."""
