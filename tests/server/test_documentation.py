from __future__ import annotations

from pathlib import Path

from fusewatch.server.settings.documentation import document, keys_of
from fusewatch.server.settings.model import Settings

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def keys():
    for name, field in Settings.model_fields.items():
        yield from keys_of_block(field.alias or name)


def keys_of_block(name: str):
    from fusewatch.documents.keys import models_at  # noqa: PLC0415

    for model in models_at(Settings, (name,)) or models_at(Settings, (name, 0)):
        yield from keys_of(model, f"{name}.")


def test_every_key_has_words_of_its_own():
    assert [key.path for key in [*keys_of(Settings), *keys()] if not key.text.strip()] == []


def test_the_page_says_what_the_program_takes():
    assert PAGE.read_text(encoding="utf-8") == document(), "run: python -m fusewatch.server.settings.documentation > docs/configuration.md"
