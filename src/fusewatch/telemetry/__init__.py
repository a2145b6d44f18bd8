"""The model every other room speaks: label sets, batches, events, durations, and the ports between rooms.

Import the module you need (``from fusewatch.telemetry.labels import Labels``), never this package root.
"""
