"""Samples as Prometheus' test files write them, and a store in memory to ask of them.

https://github.com/prometheus/prometheus/blob/main/promql/promqltest/README.md
"""
