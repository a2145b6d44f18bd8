"""OTLP metrics: decoded against the known series, over HTTP and gRPC."""
