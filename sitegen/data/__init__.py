"""The site's numbers: histories on grids, and the files the browser loads them from."""
