from __future__ import annotations

import gzip

import pytest

from fusewatch.collect.errors import LimitError, ScrapeError
from fusewatch.collect.scrape.decode import unpack


def test_gzip_is_unpacked_all_members():
    assert unpack(gzip.compress(b"a 1\n") + gzip.compress(b"b 2\n"), "gzip", 100) == b"a 1\nb 2\n"


def test_a_body_may_be_as_long_as_the_limit_and_no_longer():
    body = gzip.compress(b"x" * 1_000)
    assert len(unpack(body, "gzip", 1_000)) == 1_000
    with pytest.raises(LimitError, match="body size limit exceeded"):
        unpack(body, "gzip", 999)


def test_a_bomb_takes_no_more_memory_than_the_limit():
    bomb = gzip.compress(gzip.compress(b"\0" * (64 << 20)) * 100)
    with pytest.raises(LimitError):
        unpack(gzip.compress(b"\0" * (64 << 20)) * 100, "gzip", 1 << 20)
    assert len(unpack(bomb, "gzip", 16 << 20)) < 16 << 20


@pytest.mark.parametrize(
    ("body", "encoding", "reason"),
    [
        (b"plain", "gzip", "gzip: "),
        # without its time of creation, which would be in the name of the test
        (gzip.compress(b"cut" * 100, mtime=0)[:-12], "gzip", "unexpected EOF"),
        (b"", "br", "unsupported Content-Encoding 'br'"),
    ],
)
def test_what_can_not_be_unpacked_says_why(body, encoding, reason):
    with pytest.raises(ScrapeError, match=reason):
        unpack(body, encoding, 1_000)
