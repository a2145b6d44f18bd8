from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from fusewatch.storage.config import StorageSettings, machine_memory


def test_without_settings_clickhouse_is_embedded_in_the_data_folder_with_two_fifths_of_the_memory() -> None:
    settings = StorageSettings()
    assert settings.is_embedded
    assert settings.embedded_path(Path("/data")) == Path("/data/clickhouse")
    assert settings.memory_limit == machine_memory() > 0
    assert StorageSettings.model_validate({"memory": "10GB"}).clickhouse_memory == 4 << 30


@pytest.mark.parametrize(
    ("url", "path"), [("chdb:///var/lib/ch", "/var/lib/ch"), ("chdb://", "/data/clickhouse"), ("", "/data/clickhouse")]
)
def test_a_url_may_name_another_folder(url: str, path: str) -> None:
    assert StorageSettings(url=url).embedded_path(Path("/data")) == Path(path)


def test_a_clickhouse_url_means_a_server() -> None:
    assert not StorageSettings(url="clickhouse://user:secret@db:8123/metrics").is_embedded


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"url": "postgres://x"}, "expected chdb:///DIR or clickhouse://"),
        ({"retention": {"metrics": "a month"}}, "not a valid duration"),
        ({"memory": "1MB"}, "greater than or equal to"),
        ({"fsink": True}, "Extra inputs are not permitted"),
    ],
)
def test_what_can_not_be_meant_is_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        StorageSettings.model_validate(settings)
