"""Recording runs: from `init` and `log` to the files of a store. Knows the format, not how stores are read."""
