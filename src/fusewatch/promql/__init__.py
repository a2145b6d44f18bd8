"""PromQL with Prometheus 3's semantics: from query text to matrices."""
