"""A sweep out of the runs that are there: a configuration proposed from them, and their results as prior knowledge."""
