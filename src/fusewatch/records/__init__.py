"""Relational state: one database for everything that is not telemetry. Each slice declares its own tables."""
