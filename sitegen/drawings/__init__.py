"""Panels of reports as pictures, without a browser: what the pages' scripts compute, computed here once more.

A panel becomes rows of one of the charts of `panel_charts`, in the colours of the light theme. Tests hold the numbers
against those of the page's own scripts in Chromium.
"""
