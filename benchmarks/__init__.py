"""Measurements beside a peer of the same run; ``python -m benchmarks`` lists them."""
