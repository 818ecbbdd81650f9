"""Agents: they take trials, run them, watch them, and say how they ended."""
