"""Prometheus' HTTP API, so that its own clients work unchanged: https://prometheus.io/docs/prometheus/latest/querying/api/."""
