from __future__ import annotations

from pathlib import Path

import pytest

from fusewatch.server.settings.loading import load_settings
from fusewatch.server.settings.model import Settings

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.yml")), ids=lambda file: file.name)
def test_every_example_can_be_used_as_it_is(file):
    assert load_settings(file, environ={}).scrape_configs


def test_what_the_example_calls_defaults_are_the_defaults():
    example, defaults = load_settings(EXAMPLES / "fusewatch.yml", environ={}), Settings()
    for block in ("listen", "data", "log", "host", "query", "storage", "access"):
        assert getattr(example, block) == getattr(defaults, block), block
