"""The compiled loops of the query engine."""
