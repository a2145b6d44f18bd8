"""Whether anything grows that should not."""
