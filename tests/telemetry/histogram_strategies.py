"""Native histograms for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from fusewatch.telemetry.histograms import CUSTOM_SCHEMA, Histogram, ResetHint, Span

counts = st.integers(0, 1 << 40)


@st.composite
def sides(draw, numbers):
    spans = draw(st.lists(st.builds(Span, st.integers(0, 1000), st.integers(0, 4)), max_size=4))
    return spans, [draw(numbers) for _ in range(sum(span.length for span in spans))]


@st.composite
def histograms(draw):
    is_float = draw(st.booleans())
    numbers = st.floats(0, 1e12) if is_float else counts
    (pos_spans, pos), (neg_spans, neg) = draw(sides(numbers)), draw(sides(numbers))
    zero = draw(numbers)
    return Histogram(
        schema=draw(st.integers(-4, 8)),
        count=zero + sum(pos) + sum(neg),
        sum=draw(st.floats(allow_nan=False)),
        zero_threshold=draw(st.floats(0, 1)),
        zero_count=zero,
        positive_spans=tuple(pos_spans),
        positive_buckets=tuple(pos),
        negative_spans=tuple(neg_spans),
        negative_buckets=tuple(neg),
        is_float=is_float,
        reset_hint=draw(st.sampled_from(ResetHint)),
    )


@st.composite
def custom_histograms(draw):
    """With custom bounds, each bucket present or not."""
    bounds = sorted(draw(st.sets(st.floats(-1e6, 1e6), max_size=6)))
    is_float = draw(st.booleans())
    there = draw(st.lists(st.booleans(), min_size=len(bounds) + 1, max_size=len(bounds) + 1))
    gap, spans = 0, []
    for present in there:
        if present:
            spans.append(Span(gap, 1))
        gap = 0 if present else gap + 1
    buckets = [draw(st.floats(0, 1e12) if is_float else counts) for _ in spans]
    return Histogram(
        schema=CUSTOM_SCHEMA,
        count=sum(buckets),
        sum=draw(st.floats(allow_nan=False)),
        positive_spans=tuple(spans),
        positive_buckets=tuple(buckets),
        custom_values=tuple(bounds),
        is_float=is_float,
    )
