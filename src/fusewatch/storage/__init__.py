"""What Fusewatch keeps: metrics, metadata and events in ClickHouse, behind a write-ahead log.

Start at :mod:`fusewatch.storage.store`; import the module you need, never this package root.
"""
