"""Prometheus' chunks: how its blocks and its remote read hold the samples of a series.

Format: https://github.com/prometheus/prometheus/blob/main/tsdb/docs/format/chunks.md
"""
