"""Native histograms, merged and scaled down: what comes out is what all observations would have made in the coarser schema."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from tests.ingest.otlp.requests import exponential
from tests.ingest.otlp.test_decoder import Decoding

from fusewatch.ingest.otlp.merging import Native, added
from fusewatch.telemetry.histograms import Histogram

FINEST = 12
#: An observation, as the number of its bucket in the finest schema: it lies in the middle of that bucket.
observations = st.lists(st.integers(-2000, 2000) | st.integers(-5, 5), max_size=12)


def index_in(schema: int, observation: int) -> int:
    """The number of its bucket in Prometheus' numbering, where bucket i ends at base**i."""
    return -(-observation >> (FINEST - schema))


def buckets(histogram: Histogram) -> list[Counter[int]]:
    """Counts by number of bucket, positive and negative, without empty ones."""
    found = []
    for spans, counts in (
        (histogram.positive_spans, histogram.positive_buckets),
        (histogram.negative_spans, histogram.negative_buckets),
    ):
        side: Counter[int] = Counter()
        index, k = 0, 0
        for span in spans:
            index += span.offset
            for _ in range(span.length):
                side[index] += counts[k]
                index, k = index + 1, k + 1
        found.append(+side)
    return found


def sent(scale: int, positive: list[int], negative: list[int]) -> dict:
    """A data point of these observations; OpenTelemetry's numbers are one lower."""
    point = {"count": len(positive) + len(negative), "scale": scale}
    for name, side in (("positive", positive), ("negative", negative)):
        counts = Counter(index_in(scale, one) for one in side)
        if counts:
            low = min(counts)
            point[name] = {"offset": low - 1, "bucket_counts": [counts[k] for k in range(low, max(counts) + 1)]}
    return point


def decoded(scale: int, positive: list[int], negative: list[int]) -> Histogram:
    [[(_, found)]] = Decoding().histograms(exponential("e", sent(scale, positive, negative))).values()
    return found


@given(st.integers(-4, FINEST), observations, observations)
def test_every_scale_is_stored_as_it_is_or_as_the_finest_there_is(scale, positive, negative):
    found = decoded(scale, positive, negative)
    found.check()
    assert found.schema == min(scale, 8)
    assert buckets(found) == [Counter(index_in(found.schema, one) for one in side) for side in (positive, negative)]


@given(st.integers(-4, 8), st.integers(-4, 8), *[observations] * 4)
def test_a_sum_is_the_histogram_of_all_observations(one, other, positive, negative, more, less):
    parts = [decoded(one, positive, negative), decoded(other, more, less)]
    total = added(*(Native(k, part, part.encode()) for k, part in enumerate(parts))).histogram
    total.check()
    assert (total.schema, total.count) == (min(one, other), len(positive + negative + more + less))
    assert buckets(total) == [Counter(index_in(total.schema, obs) for obs in side) for side in (positive + more, negative + less)]
