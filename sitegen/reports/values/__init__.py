"""What a report computes: expressions in a sandbox, claims and their checks, statistics over run sets."""
