"""Backups: a consistent copy of a running store, sent in pieces that are named by their content, and the way back."""
