"""What to try next: one engine a module, all pure functions of the configuration and what was tried."""
