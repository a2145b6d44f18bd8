"""OTLP metrics, decoded."""
