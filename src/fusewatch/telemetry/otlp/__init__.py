"""OTLP metrics on the wire: the walk over protobuf bytes, JSON, and the names that Prometheus' model gives to what is sent."""
