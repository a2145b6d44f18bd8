"""One line of an exposition, read exactly and slowly: what it means, or why it is malformed.

Text 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/
OpenMetrics 1.0: https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md
Where the documents leave room, what Prometheus accepts is accepted and what it refuses is refused.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NoReturn

from fusewatch.telemetry.exposition.errors import MalformedLineError
from fusewatch.telemetry.exposition.negotiation import Format
from fusewatch.telemetry.exposition.numbers import parse_number
from fusewatch.telemetry.labels import METRIC_NAME, quote

#: A series as nearly all are written: the name, then plain labels without escapes, then one blank.
_PLAIN_SERIES = re.compile(
    r"([a-zA-Z_:][a-zA-Z0-9_:]*)"
    r'(?:\{([a-zA-Z_][a-zA-Z0-9_]*="[^"\\]*"(?:,[a-zA-Z_][a-zA-Z0-9_]*="[^"\\]*")*)\})?'
    r"(?= [^ \t{])",
)
_PLAIN_LABEL = re.compile(r'([a-zA-Z0-9_]+)="([^"]*)"')
_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_STRING = re.compile(r'"((?:\\.|[^\\"])*)"')
_ESCAPE = re.compile(r"\\([\\n\"])")
_HELP_ESCAPE = re.compile(r"\\([\\n])")
_BLANKS = re.compile(r"[ \t]*")
_TOKEN = re.compile(r"[^ \t]+")
_MILLISECONDS = re.compile(r"[0-9]+(?![^ \t])")
_COMMENT = re.compile(r"#[ \t]*(HELP|TYPE)(?:[ \t]+|\Z)")
_STRICT_COMMENT = re.compile(r"# (HELP|TYPE|UNIT) ")
_TEXT_TYPES: Final = {name: name for name in ("counter", "gauge", "histogram", "summary")} | {"untyped": "unknown"}
_STRICT_TYPES: Final = {
    name: name for name in ("counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset", "unknown")
}


class About(StrEnum):
    """What a metadata line says."""

    HELP = "HELP"
    TYPE = "TYPE"
    UNIT = "UNIT"


@dataclass(frozen=True, slots=True)
class Exemplar:
    """An exemplar; ``timestamp`` is ms UTC or None where it has none."""

    labels: dict[str, str]
    value: float
    timestamp: int | None = None


@dataclass(frozen=True, slots=True)
class SampleLine:
    """One sample; ``labels`` include ``__name__``, ``timestamp`` is ms UTC or None where the line has none."""

    labels: dict[str, str]
    value: float
    timestamp: int | None = None
    exemplar: Exemplar | None = None


@dataclass(frozen=True, slots=True)
class MetadataLine:
    """HELP, TYPE or UNIT of a metric family."""

    family: str
    about: About
    text: str


Line = SampleLine | MetadataLine | None


def parse_line(raw: bytes, grammar: Format) -> Line:
    """What the line (without its newline) says; None for a blank line or a comment.

    Raises:
        MalformedLineError: the line does not follow the grammar.
    """
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        message = f"invalid UTF-8 while parsing: {quote(raw.decode(errors='replace'))}"
        raise MalformedLineError(message) from error
    reader = _Reader(text, strict=grammar is Format.OPENMETRICS)
    reader.blanks()
    if reader.at == len(text):
        if reader.strict:
            reader.fail("expected a valid start token")
        return None
    return reader.comment() if text[reader.at] == "#" else reader.sample()


class _Reader:
    """A position in a line, and the grammar as methods."""

    def __init__(self, text: str, *, strict: bool) -> None:
        self.text = text
        self.strict = strict
        self.at = 0

    def fail(self, expected: str) -> NoReturn:
        found = _TOKEN.match(self.text, self.at)
        end = found.end() if found else min(self.at + 1, len(self.text))
        got = quote(self.text[self.at : end]) if end > self.at else "end of line"
        message = f"{expected}, got {got} while parsing: {quote(self.text[:end])}"
        raise MalformedLineError(message)

    def blanks(self) -> None:
        """Skips blanks where the text format allows them; OpenMetrics allows none."""
        if not self.strict:
            found = _BLANKS.match(self.text, self.at)
            self.at = found.end() if found else self.at

    def take(self, pattern: re.Pattern[str], expected: str) -> str:
        found = pattern.match(self.text, self.at)
        if found is None:
            self.fail(expected)
        self.at = found.end()
        return found[pattern.groups]

    def peek(self, char: str) -> bool:
        if self.text.startswith(char, self.at):
            self.at += 1
            return True
        return False

    def comment(self) -> MetadataLine | None:
        pattern = _STRICT_COMMENT if self.strict else _COMMENT
        found = pattern.match(self.text, self.at)
        if found is None:
            if self.strict and self.text == "# EOF":
                raise MalformedLineError("unexpected data after # EOF")
            if self.strict:
                self.fail("expected HELP, TYPE, UNIT or EOF after #")
            return None
        about = About(found[1])
        self.at = found.end()
        quoted = self.text.startswith('"', self.at)
        family = (
            unescape(self.take(_STRING, "expected metric name")) if quoted else self.take(_METRIC, f"expected metric name after {about}")
        )
        if self.at < len(self.text) and self.text[self.at] not in " \t":
            self.fail(f"expected text in {about}")
        text = self.text[self.at + 1 :] if self.strict else self.text[self.at :].lstrip(" \t")
        return MetadataLine(family, about, self.metadata(about, family, text))

    def metadata(self, about: About, family: str, text: str) -> str:
        if about is About.HELP:
            return unescape(text) if self.strict else unescape(text, _HELP_ESCAPE)
        if about is About.UNIT:
            if text and not family.endswith(f"_{text}"):
                message = f"unit {quote(text)} not a suffix of metric {quote(family)}"
                raise MalformedLineError(message)
            return text
        kind = (_STRICT_TYPES if self.strict else _TEXT_TYPES).get(text if self.strict else text.rstrip(" \t"))
        if kind is None:
            message = f"invalid metric type {quote(text)}"
            raise MalformedLineError(message)
        return kind

    def sample(self) -> SampleLine:
        labels = self.series()
        if self.strict and not self.peek(" "):
            self.fail("expected value after metric")
        self.blanks()
        value = self.number("expected value after metric")
        timestamp = self.timestamp()
        exemplar = self.exemplar() if self.strict and self.text.startswith(" # {", self.at) else None
        self.blanks()
        if self.at != len(self.text):
            self.fail("expected next entry after timestamp" if timestamp is not None else "expected timestamp or new record")
        return SampleLine(labels, value, timestamp, exemplar)

    def series(self) -> dict[str, str]:
        plain = _PLAIN_SERIES.match(self.text, self.at)
        if plain is not None:  # the same as below, three times as fast
            pairs = _PLAIN_LABEL.findall(plain[2]) if plain[2] else []
            labels = {METRIC_NAME: plain[1], **dict(pairs)}
            if len(labels) == len(pairs) + 1:
                self.at = plain.end()
                return labels
        labels = {}
        if not self.text.startswith("{", self.at):
            labels[METRIC_NAME] = self.take(_METRIC, "expected a valid start token")
            ahead = self.at
            self.blanks()
            if not self.text.startswith("{", self.at):
                self.at = ahead
                return labels
        self.at += 1
        self.braces(labels)
        if METRIC_NAME not in labels:
            message = f"metric name not found while parsing: {quote(self.text)}"
            raise MalformedLineError(message)
        return labels

    def braces(self, labels: dict[str, str], *, free: bool = False) -> None:
        """``name="value"`` pairs up to the closing brace; a quoted string alone is the metric's name. ``free``: any names, of exemplars."""
        while True:
            self.blanks()
            if self.peek("}"):
                return
            quoted = self.text.startswith('"', self.at)
            name = unescape(self.take(_STRING, "expected label name")) if quoted else self.take(_LABEL, "expected label name")
            self.blanks()
            if quoted and self.text[self.at : self.at + 1] in {",", "}"}:
                self.set_label(labels, METRIC_NAME, name, free=free)
            else:
                if not self.peek("="):
                    self.fail("expected equal")
                self.blanks()
                self.set_label(labels, name, unescape(self.take(_STRING, "expected label value")), free=free)
            self.blanks()
            if not self.peek(",") and self.strict and not self.text.startswith("}", self.at):
                self.fail("expected comma or brace close")

    def set_label(self, labels: dict[str, str], name: str, value: str, *, free: bool) -> None:
        if free:
            labels[name] = value
            return
        if name == METRIC_NAME and name in labels:
            message = f"metric name already set while parsing: {quote(self.text)}"
            raise MalformedLineError(message)
        if name in labels:
            message = f"label name {quote(name)} is not unique: invalid sample"
            raise MalformedLineError(message)
        if not name or (name == METRIC_NAME and not value):
            message = f"invalid metric name or label names while parsing: {quote(self.text)}"
            raise MalformedLineError(message)
        labels[name] = value

    def number(self, expected: str) -> float:
        start = self.at
        token = self.take(_TOKEN, expected)
        try:
            return parse_number(token)
        except ValueError as error:
            message = f"{expected}: {error} while parsing: {quote(self.text[: start + len(token)])}"
            raise MalformedLineError(message) from error

    def timestamp(self) -> int | None:
        if not self.strict:
            self.blanks()
            found = _MILLISECONDS.match(self.text, self.at)
            if found is None:
                return None
            self.at = found.end()
            if int(found[0]) >= 1 << 63:
                message = f"timestamp out of range: {found[0]} while parsing: {quote(self.text)}"
                raise MalformedLineError(message)
            return int(found[0])
        if not self.text.startswith(" ", self.at) or self.text.startswith(" # {", self.at):
            return None
        self.at += 1
        seconds = self.number("expected timestamp")
        if not math.isfinite(seconds) or abs(seconds) >= 1 << 53:
            message = f"invalid timestamp {seconds} while parsing: {quote(self.text)}"
            raise MalformedLineError(message)
        return int(seconds * 1000)

    def exemplar(self) -> Exemplar:
        self.at += len(" # {")
        labels: dict[str, str] = {}
        self.braces(labels, free=True)
        if not self.peek(" "):
            self.fail("expected value after exemplar labels")
        value = self.number("expected value after exemplar labels")
        return Exemplar(labels, value, self.timestamp())


def parse_exemplar(raw: bytes) -> Exemplar:
    """The exemplar that ends an OpenMetrics line, from the blank before its ``#`` on.

    Raises:
        MalformedLineError: it does not follow the grammar.
    """
    return _Reader(raw.decode(), strict=True).exemplar()


def unescape(text: str, pattern: re.Pattern[str] = _ESCAPE) -> str:
    r"""The text with ``\\``, ``\n`` and ``\"`` resolved; any other backslash stands for itself."""
    return pattern.sub(lambda found: "\n" if found[1] == "n" else found[1], text) if "\\" in text else text
