"""Remote write: samples a second, beside Prometheus and VictoriaMetrics."""
