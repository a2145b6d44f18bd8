"""What more series cost."""
