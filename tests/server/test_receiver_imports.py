"""What the receiver does not load: it must be small, and soon there again."""

from __future__ import annotations

import json
import subprocess
import sys

ELSEWHERE = ("alembic", "chdb", "clickhouse_connect", "fastapi", "pyarrow", "rich", "sqlalchemy")


def test_the_receiver_imports_nothing_that_only_the_engine_needs():
    script = """
import json, sys
from fusewatch.server.process import import_structlog
import_structlog()
import fusewatch.server.receiver_life, fusewatch.server.settings.source
print(json.dumps(list(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert set(ELSEWHERE) & set(json.loads(done.stdout)) == set()
