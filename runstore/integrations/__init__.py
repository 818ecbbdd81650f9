"""Callbacks, handlers and loggers for the libraries that people train with, each imported by its users alone."""
