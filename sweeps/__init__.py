"""Hyperparameter search over a store: any number of machines that share a disk take trials from it."""
