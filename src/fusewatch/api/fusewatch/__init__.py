"""Our own API under ``/api/fusewatch/v1``, described by its OpenAPI document."""
