"""The tables, as numbered migrations: ``0001_….sql`` and so on, each run once, in order."""
