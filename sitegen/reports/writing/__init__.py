"""A report as text for other programs: LaTeX, Markdown, and the document beside its page."""
