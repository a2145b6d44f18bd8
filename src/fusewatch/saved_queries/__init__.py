"""Queries that a team keeps: what Explore showed, under a name."""
