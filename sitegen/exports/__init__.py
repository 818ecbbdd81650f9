"""Reports taken out of the store: one HTML file, a PDF, LaTeX or Markdown with figures beside it, single tables."""
