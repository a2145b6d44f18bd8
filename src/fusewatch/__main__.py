"""``python -m fusewatch``."""

from __future__ import annotations

from fusewatch.cli.main import main

main()
