"""Labels and annotations of alerts: Prometheus' templates.

https://prometheus.io/docs/prometheus/latest/configuration/template_reference/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote_plus, urlsplit

from fusewatch.telemetry.durations import parse_duration
from fusewatch.templates.errors import TemplateRunError
from fusewatch.templates.humanize import (
    humanize,
    humanize_1024,
    humanize_duration,
    humanize_percentage,
    humanize_timestamp,
    moment_of,
    number,
)
from fusewatch.templates.moments import Duration
from fusewatch.templates.nodes import Text
from fusewatch.templates.template import Template, TemplateSet
from fusewatch.templates.text_functions import TEXT_FUNCTIONS, title_words
from fusewatch.templates.values import Method, StringMap, inner_printed

_VARIABLES: Final = ("$labels", "$externalLabels", "$externalURL", "$value")
_NAME: Final = "text"


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample of a query's answer, as templates see it."""

    labels: StringMap
    value: Any
    go_type = "*template.sample"

    def template_field(self, name: str) -> Any:
        """See :class:`fusewatch.templates.values.Struct`."""
        return {"Labels": self.labels, "Value": self.value}[name]

    def __str__(self) -> str:
        return f"{{{inner_printed(self.labels)} {inner_printed(self.value)}}}"


@dataclass(frozen=True, slots=True)
class AlertData:
    """What the texts of one alert are about."""

    labels: Mapping[str, str]
    value: Any
    external_labels: Mapping[str, str]
    external_url: str
    go_type = "template.alertData"

    def template_field(self, name: str) -> Any:
        """See :class:`fusewatch.templates.values.Struct`."""
        fields = {
            "Labels": StringMap(self.labels),
            "ExternalLabels": StringMap(self.external_labels),
            "ExternalURL": self.external_url,
            "Value": self.value,
        }
        return fields[name]

    def __str__(self) -> str:
        return f"{{{inner_printed(StringMap(self.labels))} {inner_printed(self.value)}}}"


#: Answers a query at the moment of the evaluation; raises TemplateRunError.
Ask = Callable[[str], Sequence[Sample]]


def _first(samples: Sequence[Sample]) -> Sample:
    if not samples:
        raise TemplateRunError("first() called on vector with no elements")
    return samples[0]


def _link(tab: int) -> Callable[[str], str]:
    return lambda expression: f"/graph?g0.expr={quote_plus(expression)}&g0.tab={tab}"


def _strip_port(address: str) -> str:
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit() or ("[" not in host and ":" in host):
        return address
    return host.strip("[]")


def _strip_domain(address: str) -> str:
    host, colon, port = address.rpartition(":") if _strip_port(address) != address else (address, "", "")
    if host.replace(".", "").isdigit() or ":" in host.strip("[]"):
        return address
    return host.partition(".")[0] + colon + port


def _parsed_duration(text: str) -> float:
    try:
        return parse_duration(text) / 1000
    except ValueError as error:
        raise TemplateRunError(str(error)) from error


def _to_time(value: Any) -> Any:
    moment = moment_of(value)
    if moment is None:
        raise TemplateRunError(f"cannot convert {inner_printed(number(value))} to time")
    return moment


def _no_query(_: str) -> Sequence[Sample]:
    raise TemplateRunError("there is nothing to ask here")


_FUNCTIONS: Final[Mapping[str, Method]] = {
    **TEXT_FUNCTIONS,
    "args": Method(lambda *values: {f"arg{place}": value for place, value in enumerate(values)}, rest="any"),
    "externalURL": Method(lambda: ""),
    "first": Method(_first, "list"),
    "graphLink": Method(_link(0), "string"),
    "humanize": Method(humanize, "any"),
    "humanize1024": Method(humanize_1024, "any"),
    "humanizeDuration": Method(humanize_duration, "any"),
    "humanizePercentage": Method(humanize_percentage, "any"),
    "humanizeTimestamp": Method(humanize_timestamp, "any"),
    "label": Method(lambda name, sample: sample.labels.get(name, ""), "string", Sample.go_type),
    "now": Method(lambda: 0.0),
    "parseDuration": Method(_parsed_duration, "string"),
    "pathPrefix": Method(lambda: ""),
    "query": Method(_no_query, "string"),
    "sortByLabel": Method(lambda name, samples: sorted(samples, key=lambda sample: sample.labels.get(name, "")), "string", "list"),
    "stripDomain": Method(_strip_domain, "string"),
    "stripPort": Method(_strip_port, "string"),
    "strvalue": Method(lambda sample: sample.labels.get("__value__", ""), Sample.go_type),
    "tableLink": Method(_link(1), "string"),
    "title": Method(title_words, "string"),
    "toDuration": Method(lambda value: Duration(int(number(value) * 1_000_000_000)), "any"),
    "toTime": Method(_to_time, "any"),
    "urlQueryEscape": Method(quote_plus, "string"),
    "value": Method(lambda sample: sample.value, Sample.go_type),
}
_SET: Final = TemplateSet(_FUNCTIONS)


@lru_cache(maxsize=65_536)
def _template(text: str) -> Template:
    return _SET.parse(text, _NAME, _VARIABLES)


def check_text(text: str) -> None:
    """Raises TemplateParseError where a text is no template."""
    _template(text)


def plain_text(text: str) -> str | None:
    """What a text says of every alert; None where it depends on the alert."""
    parts = [node.text if isinstance(node, Text) else None for node in _template(text).tree.nodes]
    known = [part for part in parts if part is not None]
    return "".join(known) if len(known) == len(parts) else None


class Expander:
    """Fills in the texts of alerts at one moment of evaluation, ``now_ms``."""

    def __init__(self, *, ask: Ask, now_ms: int, external_url: str) -> None:
        self._functions = {
            "externalURL": Method(lambda: external_url),
            "now": Method(lambda: now_ms / 1000),
            "pathPrefix": Method(lambda: urlsplit(external_url).path),
            "query": Method(lambda text: list(ask(text)), "string"),
        }

    def expanded(self, text: str, data: AlertData) -> str:
        """The text for one alert.

        Raises:
            TemplateRunError: it can't be filled in.
        """
        values = (StringMap(data.labels), StringMap(data.external_labels), data.external_url, data.value)
        return _template(text).execute(data, functions=self._functions, variables=dict(zip(_VARIABLES, values, strict=True)))
