"""What sealing, merging and reading cost."""
