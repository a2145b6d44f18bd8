"""Unit tests of rules, in the form of ``promtool test rules``.

https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/
"""
