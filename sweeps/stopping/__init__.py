"""Early termination: which running trials are stopped, judged from the metric's values alone. Pure functions."""
