"""Which format a target is asked for, and which one it answered in.

https://prometheus.io/docs/instrumenting/content_negotiation/
"""

from __future__ import annotations

from email.message import Message
from enum import Enum
from functools import lru_cache
from typing import Final, Literal

from fusewatch.telemetry.exposition.errors import ContentTypeError

ScrapeProtocol = Literal["PrometheusProto", "OpenMetricsText1.0.0", "OpenMetricsText0.0.1", "PrometheusText1.0.0", "PrometheusText0.0.4"]

DEFAULT_PROTOCOLS: Final[tuple[ScrapeProtocol, ...]] = (
    "OpenMetricsText1.0.0",
    "OpenMetricsText0.0.1",
    "PrometheusText1.0.0",
    "PrometheusText0.0.4",
)
#: Where native histograms are scraped: only protobuf has them.
PROTOBUF_FIRST: Final[tuple[ScrapeProtocol, ...]] = ("PrometheusProto", *DEFAULT_PROTOCOLS)
_PROTOBUF: Final = "application/vnd.google.protobuf"
_MEDIA_TYPES: Final[dict[ScrapeProtocol, str]] = {
    "PrometheusProto": f"{_PROTOBUF};proto=io.prometheus.client.MetricFamily;encoding=delimited",
    "OpenMetricsText1.0.0": "application/openmetrics-text;version=1.0.0",
    "OpenMetricsText0.0.1": "application/openmetrics-text;version=0.0.1",
    "PrometheusText1.0.0": "text/plain;version=1.0.0",
    "PrometheusText0.0.4": "text/plain;version=0.0.4",
}
#: The versions whose names may be any UTF-8 text, and so may ask how to escape them.
_ESCAPING: Final = frozenset({"OpenMetricsText1.0.0", "PrometheusText1.0.0"})


class Format(Enum):
    """A grammar."""

    TEXT = "text"
    OPENMETRICS = "openmetrics"
    PROTOBUF = "protobuf"


_FALLBACKS: Final[dict[ScrapeProtocol, Format]] = {
    "PrometheusProto": Format.PROTOBUF,
    "OpenMetricsText1.0.0": Format.OPENMETRICS,
    "OpenMetricsText0.0.1": Format.OPENMETRICS,
}


@lru_cache(maxsize=64)
def accept_header(protocols: tuple[ScrapeProtocol, ...], escaping: str = "allow-utf-8") -> str:
    """The ``Accept`` header that prefers ``protocols`` in their order and takes anything in need."""
    weight = len(protocols) + 1
    parts = []
    for place, protocol in enumerate(protocols):
        media = _MEDIA_TYPES[protocol] + (f";escaping={escaping}" if protocol in _ESCAPING else "")
        parts.append(f"{media};q=0.{weight - place}")
    return ",".join([*parts, "*/*;q=0.1"])


def format_of(content_type: str, fallback: ScrapeProtocol | None = None) -> Format:
    """The grammar of an answer with this ``Content-Type``.

    Raises:
        ContentTypeError: no or an unknown type, and the target has no ``fallback_scrape_protocol``.
    """
    header = Message()
    header["content-type"] = content_type
    media = header.get_content_type() if "/" in content_type else ""
    if media == "application/openmetrics-text":
        return Format.OPENMETRICS
    if media == "text/plain":
        return Format.TEXT
    if media == _PROTOBUF:
        return Format.PROTOBUF
    if fallback is not None:
        return _FALLBACKS.get(fallback, Format.TEXT)
    if not content_type:
        raise ContentTypeError(
            "non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol specified for target"
        )
    message = f"received unsupported Content-Type {content_type!r} and no fallback_scrape_protocol specified for target"
    raise ContentTypeError(message)
