"""The formats by which metrics are exposed: Prometheus text 0.0.4, OpenMetrics 1.0 and Prometheus protobuf."""
