"""``match[]``: series selectors as the metadata endpoints and federation take them."""

from __future__ import annotations

from collections.abc import Iterable

from fusewatch.api.prometheus.errors import BadDataError
from fusewatch.promql import parse as promql
from fusewatch.promql.errors import QueryError
from fusewatch.telemetry.matchers import Matcher

Selector = tuple[Matcher, ...]


def parse_selector(text: str) -> Selector:
    """The matchers of ``up{job="api"}``.

    Raises:
        BadDataError: not PromQL, or more than a selector: a range, an offset, an operator.
    """
    try:
        return promql.parse_selector(text).matchers
    except QueryError as error:
        raise BadDataError(str(error)) from error


def parse_selectors(texts: Iterable[str]) -> list[Selector]:
    """The selectors, each of which names something.

    Raises:
        BadDataError: one can't be read, or would match every series.
    """
    selectors = [parse_selector(text) for text in texts]
    if any(all(matcher.matches("") for matcher in selector) for selector in selectors):
        raise BadDataError("match[] must contain at least one non-empty matcher")
    return selectors
