"""Keras 3, with any of its backends: callbacks by W&B's names."""
