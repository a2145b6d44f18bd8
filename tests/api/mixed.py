"""A reader of floats and native histograms in memory."""

from __future__ import annotations

from tests.telemetry.mixed import mixed_set

from fusewatch.telemetry.matchers import match_all


class MixedReader:
    """A reader of series of floats and histograms."""

    def __init__(self, rows):
        self.rows = rows

    def fetch(self, matchers, start, end, budget, windows=()):
        found = {
            labels: {at: one for at, one in samples.items() if start <= at <= end}
            for labels, samples in sorted(self.rows.items(), key=lambda row: row[0].canonical)
            if match_all(matchers, labels)
        }
        found = {labels: samples for labels, samples in found.items() if samples}
        budget.take(sum(map(len, found.values())))
        return mixed_set(found)

    def series(self, selectors, start, end, limit):
        return [labels for labels in self.rows if any(match_all(matchers, labels) for matchers in selectors)]
