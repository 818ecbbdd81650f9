"""Changes to a store by somebody who does not run anything: repairs, edits, deletions."""
