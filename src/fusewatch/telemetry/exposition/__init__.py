"""The text formats by which metrics are exposed: Prometheus text 0.0.4 and OpenMetrics 1.0, read and written."""
