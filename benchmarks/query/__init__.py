"""Queries over 24 hours of many series, beside Prometheus and VictoriaMetrics."""
