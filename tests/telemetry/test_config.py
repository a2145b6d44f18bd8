from __future__ import annotations

import pytest
from pydantic import ValidationError

from fusewatch.telemetry.config import Block, DurationMs, Secret, Size, read_secret


class Example(Block):
    interval: DurationMs = 15_000
    limit: Size = 0
    password: Secret | None = None


def test_durations_and_sizes_read_as_prometheus_writes_them():
    block = Example.model_validate({"interval": "1m", "limit": "1.5GB"})
    assert (block.interval, block.limit) == (60_000, 3 << 29)


@pytest.mark.parametrize("bad", [{"interval": 15}, {"interval": "soon"}, {"limit": "many"}, {"intervall": "1m"}])
def test_what_does_not_fit_is_refused(bad):
    with pytest.raises(ValidationError):
        Example.model_validate(bad)


def test_a_secret_is_never_shown():
    block = Example.model_validate({"password": "hunter2"})
    assert "hunter2" not in repr(block) + block.model_dump_json()
    assert '"<secret>"' in block.model_dump_json()


def test_a_secret_file_is_read_each_time(tmp_path):
    file = tmp_path / "password"
    for secret in ("first", "second"):
        file.write_text(secret + "\n")
        assert read_secret(None, "password", tmp_path) == secret
