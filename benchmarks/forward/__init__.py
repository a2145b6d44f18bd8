"""Remote write to another server, beside Prometheus."""
