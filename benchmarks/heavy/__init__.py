"""Many heavy queries at once."""
