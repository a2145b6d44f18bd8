"""``fusewatch import`` and ``fusewatch export``."""
