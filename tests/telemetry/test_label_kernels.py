from __future__ import annotations

import numba
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fusewatch.telemetry.label_kernels import is_text
from fusewatch.telemetry.remote_write import padded


@numba.njit
def is_text_of(buffer, start, end):
    return is_text(buffer, start, end)


parts = st.one_of(
    st.binary(max_size=4),
    st.text(min_size=1, max_size=3).map(str.encode),
    st.sampled_from(
        [b"\xed\x9f\xbf", b"\xed\xa0\x80", b"\xee\x80\x80", b"\xf4\x8f\xbf\xbf", b"\xf4\x90\x80\x80", b"\xe0\x9f\xbf", b"\xc1\xbf"]
    ),
)


@settings(max_examples=500)
@given(st.lists(parts, max_size=6).map(b"".join), st.binary(max_size=3))
@example(b"\xf0\x8f\xbf\xbf", b"")
@example(b"x" * 8 + b"\xc3", b"\xa9")
def test_text_is_what_python_can_decode(data, around) -> None:
    try:
        data.decode()
        good = True
    except UnicodeDecodeError:
        good = False
    buffer = padded(around + data + around)
    assert is_text_of(buffer, len(around), len(around) + len(data)) == good
