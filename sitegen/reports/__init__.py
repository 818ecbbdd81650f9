"""Reports: Markdown with live panels over runs, values that are computed and claims that are checked."""
