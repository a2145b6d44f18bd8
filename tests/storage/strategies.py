"""What the model-based test of the store draws: few series and times, so that writes meet each other, and every kind of sample."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st
from tests.storage.conftest import DAY, HOUR
from tests.storage.model import GENERAL, OWN

from fusewatch.telemetry.histograms import CUSTOM_SCHEMA, Histogram, ResetHint, Span
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.matchers import Matcher, MatchOp
from fusewatch.telemetry.rollups import FIVE_MINUTES, ONE_HOUR
from fusewatch.telemetry.samples import STALE_BITS

#: Their roll-ups are asked for, so they have no histograms: where a metric has any, all its reads are of samples.
ROLLED_METRICS = ("general", "longer")
FLOATS = [Labels({"__name__": name, "k": k}) for name in ROLLED_METRICS for k in ("1", "2")]
MIXED = [Labels({"__name__": name, "k": k}) for name in ("mixed", "shorter") for k in ("1", "2")]
NAN_BITS = 0x7FF8000000000001
INFINITE_BITS = 0x7FF0000000000000
RETENTIONS = [GENERAL, *OWN.values()]

#: Times around now, around midnights and around the ends of what is kept.
ages = (
    st.integers(0, 10)
    | st.integers(0, 4).map(lambda days: days * DAY)
    | st.integers(0, 5 * 24 * 12).map(lambda number: number * FIVE_MINUTES)
    | st.integers(0, 24).map(lambda number: number * 3 * HOUR + 1)
    | st.builds(int.__add__, st.sampled_from(RETENTIONS), st.integers(-5, 5))
)
#: Sums of these are the same in any order.
plain_bits = st.integers(1, 9).map(lambda number: 0x3FF0000000000000 + (number << 49)) | st.sampled_from(
    [0, STALE_BITS, NAN_BITS, INFINITE_BITS]
)
any_bits = plain_bits | st.integers(0, (1 << 64) - 1)


@st.composite
def histograms(draw: st.DrawFn) -> bytes:
    """The binary form of a histogram: of integers or floats, with exponential or custom buckets."""
    buckets = draw(st.lists(st.integers(0, 9), min_size=1, max_size=4))
    is_float, is_custom = draw(st.booleans()), draw(st.booleans())
    counts = [number + 0.5 for number in buckets] if is_float else buckets
    return Histogram(
        schema=CUSTOM_SCHEMA if is_custom else draw(st.integers(-4, 8)),
        count=sum(counts),
        sum=draw(st.floats(allow_nan=False)),
        positive_spans=(Span(0, len(counts)),),
        positive_buckets=tuple(counts),
        custom_values=tuple(float(k) for k in range(len(counts) - 1)) if is_custom else (),
        is_float=is_float,
        reset_hint=draw(st.sampled_from(ResetHint)),
    ).encode()


def sample_of(kind: type, labels: Labels) -> st.SearchStrategy[int | bytes]:
    """A sample that a series may have."""
    if kind is bytes:
        return histograms()
    return plain_bits if labels in FLOATS else any_bits


rows = st.tuples(st.sampled_from(FLOATS), ages, plain_bits) | st.tuples(st.sampled_from(MIXED), ages, any_bits | histograms())
batches = st.lists(rows, min_size=1, max_size=12)


def equal(name: str, value: str) -> Matcher:
    return Matcher(name, MatchOp.EQUAL, value)


one_series = st.sampled_from([*FLOATS, *MIXED]).map(lambda labels: [equal(name, value) for name, value in labels.items()])
selectors = (
    one_series
    | st.sampled_from(["1", "2"]).map(lambda k: [equal("k", k)])
    | st.sampled_from([[Matcher("__name__", MatchOp.REGEX, "general|mixed")], [Matcher("__name__", MatchOp.NOT_EQUAL, "longer")]])
)


@dataclass(frozen=True)
class RolledQuery:
    """A function over windows that are whole roll-ups of ``resolution`` (ms), and of none that are longer."""

    function: str
    metric: str
    resolution: int
    windows: int
    shift: int

    @property
    def text(self) -> str:
        return f"{self.function}_over_time({self.metric}[{self.range_ms // 1000}s])"

    @property
    def range_ms(self) -> int:
        return self.windows * self.resolution

    def ends(self, now: int) -> range:
        """The ends of the windows, every hour, from before everything to a little after ``now``."""
        midnight = now - now % DAY
        return range(midnight - 12 * DAY + self.shift * self.resolution % HOUR, midnight + DAY + HOUR, HOUR)


functions = st.sampled_from(["count", "sum", "min", "max", "first", "last"])
# Windows of five minutes are shorter than two hours: longer ones would be moved to whole hours where those of five minutes are gone.
rolled_queries = st.builds(
    RolledQuery, functions, st.sampled_from(ROLLED_METRICS), st.just(ONE_HOUR), st.sampled_from([1, 2, 24, 30]), st.just(0)
) | st.builds(RolledQuery, functions, st.sampled_from(ROLLED_METRICS), st.just(FIVE_MINUTES), st.integers(1, 11), st.integers(1, 11))
