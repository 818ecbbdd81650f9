"""What each kind of page shows, computed, typed and named; templates only lay it out."""
