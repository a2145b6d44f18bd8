"""Many active series for a long while: memory, refusals, size on disk, restart."""
