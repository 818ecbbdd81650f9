"""Publishing: a public site is built, looked through for secrets, and put where the world reads it."""
