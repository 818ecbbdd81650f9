"""Reading a store: rows, runs and projects, incrementally and past every bad line."""
