"""A Prometheus TSDB's blocks on disk, read without Prometheus.

Format: https://github.com/prometheus/prometheus/tree/main/tsdb/docs/format
"""
