from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fusewatch.telemetry.chunks import histogram_decode, histogram_encode
from fusewatch.telemetry.chunks.encodings import ChunkError, Encoding
from fusewatch.telemetry.histograms import CUSTOM_SCHEMA, Histogram, ResetHint, Span
from fusewatch.telemetry.samples import STALE_NAN

NOW = 1_700_000_000_000
floats = st.floats(allow_nan=False)
#: Multiples of 0.001 are kept in another way than the rest.
bounds = st.integers(0, 40_000_000).map(lambda thousandths: thousandths / 1000) | floats


@st.composite
def sides(draw):
    lengths = draw(st.lists(st.integers(0, 4), max_size=3))
    return tuple(Span(draw(st.integers(-50, 1000) if k == 0 else st.integers(0, 1000)), length) for k, length in enumerate(lengths))


@st.composite
def layouts(draw):
    """A histogram that has counted nothing."""
    is_float = draw(st.booleans())
    positive = draw(sides())
    if draw(st.booleans()):
        custom = tuple(sorted(draw(st.sets(bounds, max_size=4))))
        layout = Histogram(schema=CUSTOM_SCHEMA, count=0, sum=0, custom_values=custom, positive_spans=positive, is_float=is_float)
    else:
        threshold = draw(st.sampled_from([0.0, 2.0**-128, 2.0**-243, 2.0**10, 2.0**11]) | st.floats(0, 1))
        negative, schema = draw(sides()), draw(st.integers(-4, 8))
        layout = Histogram(
            schema=schema, count=0, sum=0, zero_threshold=threshold, positive_spans=positive, negative_spans=negative, is_float=is_float
        )
    return dataclasses.replace(layout, **{f"{sign}_buckets": (0,) * total(layout, sign) for sign in ("positive", "negative")})


def total(histogram, sign):
    return sum(span.length for span in getattr(histogram, f"{sign}_spans"))


@st.composite
def runs(draw):
    """Histograms of one layout, which count on, or are reset, or are gauges, or go stale."""
    layout = draw(layouts())
    grow = (st.floats(0, 1e9) if layout.is_float else st.integers(0, 1 << 40)) | st.integers(0, 3)
    hint = draw(st.sampled_from([ResetHint.UNKNOWN, ResetHint.GAUGE]))
    rows, last = [], layout
    for _ in range(draw(st.integers(1, 5))):
        what = draw(st.sampled_from(["on", "on", "on", "reset", "stale"]))
        if what == "stale":
            rows.append(stale(layout))
            continue
        base = layout if what == "reset" else last
        positive = tuple(count + draw(grow) for count in base.positive_buckets)
        negative = tuple(count + draw(grow) for count in base.negative_buckets)
        zero = 0 if layout.schema == CUSTOM_SCHEMA else base.zero_count + draw(grow)
        last = dataclasses.replace(
            layout,
            positive_buckets=positive,
            negative_buckets=negative,
            zero_count=zero,
            count=max(base.count, 0) + sum(positive) + sum(negative) + zero,
            sum=draw(floats),
            reset_hint=hint,
        )
        rows.append(last)
    return rows


def stale(like):
    return Histogram(schema=0, count=0, sum=STALE_NAN, is_float=like.is_float)


def encode(histograms, times):
    bodies = [histogram.encode() for histogram in histograms]
    ends = np.cumsum([0, *(len(body) // 8 for body in bodies)], dtype=np.int64)
    words = np.frombuffer(b"".join(bodies), np.uint64)
    return list(histogram_encode.encode(np.array(times, np.int64), ends, words))


def plain(body):
    """The body without what a reader can't know: whether there was a reset between two samples."""
    return body[:1] + bytes([3 * (body[1] == ResetHint.GAUGE)]) + body[2:]


@given(st.lists(runs(), min_size=1, max_size=3).map(lambda found: [one for run in found for one in run]), st.data())
def test_histograms_come_back_bit_for_bit_in_order(histograms, data):
    steps = data.draw(st.lists(st.integers(1, 1 << 20) | st.just(15_000), min_size=len(histograms), max_size=len(histograms)))
    times = [NOW + step for step in itertools.accumulate(steps)]
    chunks = encode(histograms, times)
    found = [sample for encoding, _, _, chunk in chunks for sample in histogram_decode.decode(chunk, encoding)]
    assert [time for time, _ in found] == times
    assert [plain(body) for _, body in found] == [plain(histogram.encode()) for histogram in histograms]
    assert [first for _, first, _, _ in chunks] == [histogram_decode.decode(chunk, kind)[0][0] for kind, _, _, chunk in chunks]


def counting(count, **changes):
    values = {"schema": 3, "count": count, "sum": float(count), "positive_spans": (Span(0, 2),), "positive_buckets": (count, 0)}
    return Histogram(**{**values, **changes})


def cuts(*histograms):
    """How many histograms are in each chunk."""
    chunks = encode(histograms, [NOW + 1000 * k for k in range(len(histograms))])
    return [len(histogram_decode.decode(chunk, kind)) for kind, _, _, chunk in chunks]


def test_a_chunk_ends_where_a_counter_was_reset_the_layout_changes_or_staleness_ends():
    assert cuts(counting(1), counting(2), counting(3)) == [3]
    assert cuts(counting(3), counting(2)) == [1, 1]
    assert cuts(counting(1), counting(2, positive_buckets=(0, 2))) == [1, 1]
    assert cuts(counting(1), counting(2, reset_hint=ResetHint.YES)) == [1, 1]
    assert cuts(counting(3, reset_hint=ResetHint.GAUGE), counting(2, reset_hint=ResetHint.GAUGE)) == [2]
    assert cuts(counting(1), counting(2, schema=4)) == [1, 1]
    assert cuts(counting(1), counting(2, zero_threshold=0.5)) == [1, 1]
    assert cuts(counting(1), counting(2, positive_spans=(Span(1, 2),))) == [1, 1]
    assert cuts(counting(1), counting(2, is_float=True)) == [1, 1]
    assert cuts(counting(1), stale(counting(1)), counting(2)) == [2, 1]
    assert cuts(*(counting(k) for k in range(250))) == [120, 120, 10]


def test_what_is_known_of_resets_is_told():
    chunks = encode([counting(1, reset_hint=ResetHint.YES), counting(2)], [NOW, NOW + 1])
    [(kind, _, _, chunk)] = chunks
    assert (kind, chunk[2]) == (Encoding.HISTOGRAM, 0x80)
    hints = [Histogram.decode(body).reset_hint for _, body in histogram_decode.decode(chunk, kind)]
    assert hints == [ResetHint.UNKNOWN, ResetHint.NO]


@settings(max_examples=500)
@given(st.binary(max_size=100), st.sampled_from([kind for kind in Encoding if "HISTOGRAM" in kind.name]))
@example(b"\x00\x01\x00\x00" + b"\xff" * 40, Encoding.HISTOGRAM)
@example(b"\x00\x01\x00\xff" + bytes(8) + b"\x00" * 40, Encoding.FLOAT_HISTOGRAM)
def test_any_bytes_are_decoded_or_refused(data, encoding):
    try:
        found = histogram_decode.decode(data, encoding)
    except ChunkError as error:
        assert "make no sense" in str(error)  # noqa: PT017
    else:
        for _, body in found:
            Histogram.decode(body)


@pytest.mark.parametrize("is_float", [False, True])
def test_a_chunk_that_was_cut_is_refused(is_float):
    histograms = [counting(1000 * k, is_float=is_float, positive_buckets=(1000 * k, k)) for k in range(20)]
    [(kind, _, _, chunk)] = encode(histograms, [NOW + 15_000 * k for k in range(20)])
    for size in range(len(chunk) - 1):
        with pytest.raises(ChunkError):
            histogram_decode.decode(chunk[:size], kind)
