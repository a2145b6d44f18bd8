from __future__ import annotations

import os
from pathlib import Path

import pytest

from fusewatch.collect.host.processes import ProcessReader, hide_secrets, parse_stat


def test_a_stat_line_with_brackets_in_its_name():
    stat = parse_stat(b"42 (a (b) c) S 1 42 42 0 -1 4194560 5 0 0 0 70 30 0 0 20 0 1 0 12345 1000 256 18446744073709551615 1 1 0")
    assert (stat.pid, stat.name, stat.state, stat.ticks, stat.started, stat.pages) == (42, "a (b) c", "S", 100, 12_345, 256)


def test_the_top_processes_of_this_machine():
    reader = ProcessReader(Path("/proc"), most=5)
    assert reader.read(1.0).by_cpu == []  # rates need two walks
    sum(range(3_000_000))
    top = reader.read(2.0)
    assert 1 <= len(top.by_memory) <= 5
    memory = [process.memory_bytes for process in top.by_memory]
    assert memory == sorted(memory, reverse=True)
    assert top.total >= len(top.by_memory)
    ours = [process for process in top.by_memory if process.pid == os.getpid()]
    assert all(process.user for process in ours)


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("server --password=hunter2 --port 1", "server --password=*** --port 1"),
        ("server --db-password hunter2", "server --db-password ***"),
        ("curl -H x --token abc", "curl -H x --token ***"),
        ("run API_KEY=abc", "run API_KEY=***"),
        ("psql postgres://me:hunter2@host/db", "psql postgres://me:***@host/db"),
        ("python -m http.server", "python -m http.server"),
    ],
)
def test_what_looks_like_a_secret_is_not_shown(command, shown):
    assert hide_secrets(command) == shown
