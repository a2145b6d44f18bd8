"""Texts of alerts that depend on nothing are made once."""

from __future__ import annotations

import pytest

from fusewatch.rules.expansion import plain_text


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("as it is", "as it is"),
        ("", ""),
        ("a {{- /* a comment */ -}} b", "ab"),
        ("{{ $value }}", None),
        ("so {{ 1 }}", None),
    ],
)
def test_plain_texts(text: str, plain: str | None) -> None:
    assert plain_text(text) == plain
