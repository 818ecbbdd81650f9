"""Compiles a store into a static site: pages, data shards and assets that need no server and no network."""
