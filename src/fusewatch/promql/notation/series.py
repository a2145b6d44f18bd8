"""The notation of series: ``name{label="x"} 1 2+3x2 _ stale {{schema:0 sum:1}}``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from fusewatch.promql.lexer import Kind, tokenize
from fusewatch.promql.literals import unquote
from fusewatch.promql.notation.errors import NotationError
from fusewatch.promql.notation.histograms import Written, combined, parse_histogram
from fusewatch.telemetry.labels import METRIC_NAME, Labels
from fusewatch.telemetry.samples import STALE_NAN

#: None is no sample.
Point = float | Written | None

_HEAD: Final = re.compile(r"""(?P<name>[^\s{]*)(?P<braces>\{(?:[^"'`{}]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)*\})?""")
_NUMBER: Final = r"[+-]?(?:[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+\.|[iI]nf|[nN]a[nN])"
_ITEM: Final = re.compile(rf"(?P<first>{_NUMBER}|_|stale)(?:(?P<delta>[+-]{_NUMBER.removeprefix('[+-]?')}))?(?:x(?P<times>[0-9]+))?\Z")
_HISTOGRAM: Final = re.compile(r"(\{\{.*?\}\})(?:([+-])(\{\{.*?\}\}))?(?:x([0-9]+))?")


def parse_series(line: str) -> tuple[Labels, tuple[Point, ...]]:
    """Labels and points of one line.

    Raises:
        NotationError: it is no series with values.
    """
    found = _HEAD.match(line)
    if found is None or not found[0]:
        raise NotationError(f"not a series: {line}")
    labels = dict(_labels(found.group("braces") or ""))
    if found.group("name"):
        labels[METRIC_NAME] = found.group("name")
    return Labels(labels), tuple(parse_values(line[found.end() :]))


def _labels(braces: str) -> Iterator[tuple[str, str]]:
    tokens = [token for token in tokenize(braces) if token.kind is not Kind.END and token.text not in "{},="] if braces else []
    while tokens:
        token = tokens.pop(0)
        name = unquote(token.text) if token.kind is Kind.STRING else token.text
        following = braces[token.end :].lstrip()
        if following.startswith("="):
            yield name, unquote(tokens.pop(0).text)
        else:
            yield METRIC_NAME, name


def parse_values(text: str) -> Iterator[Point]:
    """The points that ``text`` stands for.

    Raises:
        NotationError: something in it is no value.
    """
    place = 0
    while place < len(text):
        if text[place].isspace():
            place += 1
        elif found := _HISTOGRAM.match(text, place):
            yield from _histograms(*found.groups())
            place = found.end()
        elif text[place] == "#":
            return
        else:
            word = text[place:].split(maxsplit=1)[0]
            yield from _item(word)
            place += len(word)


def _histograms(first: str, sign: str | None, step: str | None, times: str | None) -> Iterator[Point]:
    one = parse_histogram(first)
    yield one
    for _ in range(int(times or 0)):
        if step is not None:
            more = parse_histogram(step)
            one = Written(combined(one.histogram, more.histogram, -1 if sign == "-" else 1), more.hinted)
        yield one


def _item(word: str) -> Iterator[Point]:
    found = _ITEM.match(word)
    if found is None:
        raise NotationError(f"not a value: {word}")
    first, delta, times = found.groups()
    if first == "_":
        yield from [None] * int(times or 1)
        return
    start = STALE_NAN if first == "stale" else _number(first)
    step = _number(delta) if delta else None
    for index in range(int(times or 0) + 1):
        yield start if step is None else start + step * index


def _number(text: str) -> float:
    return float(text)
