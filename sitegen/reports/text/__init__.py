"""The Markdown of a report as HTML: its words, formulas, citations, code and images, cleaned of all that could harm."""
