"""Values that are more than numbers: what a script can log as a file, and how it is read back."""
