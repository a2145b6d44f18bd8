"""Samples as an exposition: what ``/federate`` answers."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from email.message import Message
from itertools import groupby
from typing import Final, Literal

from fusewatch.telemetry.exposition.negotiation import Format
from fusewatch.telemetry.labels import METRIC_NAME, Labels, is_legacy_label, is_legacy_metric

Escaping = Literal["allow-utf-8", "underscores"]

_NOT_LEGACY_METRIC = re.compile(r"[^a-zA-Z0-9_:]")
_NOT_LEGACY_LABEL = re.compile(r"[^a-zA-Z0-9_]")
_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\n": "\\n", '"': '\\"'})
#: Types that a single series can have; the parts of histograms and summaries stand alone here, and so have none.
_PLAIN_TYPES: Final = frozenset({"counter", "gauge"})


@dataclass(frozen=True, slots=True)
class ExposedSample:
    """A sample to write; ``timestamp`` in ms UTC, None to leave it out."""

    labels: Labels
    value: float
    timestamp: int | None = None


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a client wants to be answered."""

    grammar: Format
    escaping: Escaping = "underscores"

    @property
    def content_type(self) -> str:
        """The ``Content-Type`` of the answer."""
        utf8 = self.escaping == "allow-utf-8"
        if self.grammar is Format.OPENMETRICS:
            return f"application/openmetrics-text; version=1.0.0; charset=utf-8; escaping={self.escaping}"
        return f"text/plain; version={'1.0.0' if utf8 else '0.0.4'}; charset=utf-8; escaping={self.escaping}"


def choose_dialect(accept: str) -> Dialect:
    """The dialect that an ``Accept`` header prefers; text 0.0.4 when it names none that is spoken here."""
    best, best_weight = Dialect(Format.TEXT), 0.0
    for part in accept.split(","):
        header = Message()
        header["content-type"] = part.strip()
        grammar = {"application/openmetrics-text": Format.OPENMETRICS, "text/plain": Format.TEXT}.get(header.get_content_type())
        if "/" not in part or grammar is None or header.get_param("version", "1.0.0") not in {"0.0.1", "0.0.4", "1.0.0"}:
            continue
        weight = _weight(str(header.get_param("q", "1")))
        if weight > best_weight:
            escaping: Escaping = "allow-utf-8" if header.get_param("escaping") == "allow-utf-8" else "underscores"
            best, best_weight = Dialect(grammar, escaping), weight
    return best


def write_exposition(samples: Iterable[ExposedSample], types: Mapping[str, str], dialect: Dialect) -> bytes:
    """The page; samples of one metric must come one after the other. ``types`` by metric name, as metadata knows them."""
    lines: list[str] = []
    strict = dialect.grammar is Format.OPENMETRICS
    value_text = _strict_number if strict else _number
    for metric, group in groupby(samples, key=lambda sample: sample.labels.metric):
        lines.append(_type_line(metric, types.get(metric, "unknown"), dialect))
        lines += [_sample_line(sample, dialect, value_text) for sample in group]
    if strict:
        lines.append("# EOF")
    return ("\n".join(lines) + "\n").encode() if lines else b""


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _type_line(metric: str, kind: str, dialect: Dialect) -> str:
    family, known = metric, kind if kind in _PLAIN_TYPES else "unknown"
    if dialect.grammar is Format.OPENMETRICS and known == "counter":
        family, known = (metric.removesuffix("_total"), known) if metric.endswith("_total") else (metric, "unknown")
    if dialect.grammar is Format.TEXT and known == "unknown":
        known = "untyped"
    name = _metric_name(family, dialect)
    return f"# TYPE {name if is_legacy_metric(name) else _quoted(name)} {known}"


def _sample_line(sample: ExposedSample, dialect: Dialect, value_text: Callable[[float], str]) -> str:
    name = _metric_name(sample.labels.metric, dialect)
    inside = [
        f'{_label_name(label, dialect)}="{value.translate(_ESCAPES)}"' for label, value in sample.labels.items() if label != METRIC_NAME
    ]
    if not is_legacy_metric(name):
        inside, name = [_quoted(name), *inside], ""
    series = name + ("{" + ",".join(inside) + "}" if inside else "")
    return f"{series} {value_text(sample.value)}{_time(sample.timestamp, dialect)}"


def _time(timestamp: int | None, dialect: Dialect) -> str:
    if timestamp is None:
        return ""
    return f" {timestamp / 1000:.3f}" if dialect.grammar is Format.OPENMETRICS else f" {timestamp}"


def _metric_name(name: str, dialect: Dialect) -> str:
    if dialect.escaping == "allow-utf-8" or is_legacy_metric(name):
        return name
    return _not_first_digit(_NOT_LEGACY_METRIC.sub("_", name))


def _label_name(name: str, dialect: Dialect) -> str:
    if is_legacy_label(name):
        return name
    return _quoted(name) if dialect.escaping == "allow-utf-8" else _not_first_digit(_NOT_LEGACY_LABEL.sub("_", name))


def _not_first_digit(name: str) -> str:
    return f"_{name[1:]}" if name[:1].isdigit() else name


def _quoted(text: str) -> str:
    return f'"{text.translate(_ESCAPES)}"'


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return repr(value).removesuffix(".0")


def _strict_number(value: float) -> str:
    return repr(value) if math.isfinite(value) else _number(value)
