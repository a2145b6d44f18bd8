from __future__ import annotations

import pytest

from fusewatch.telemetry.exposition.errors import ContentTypeError
from fusewatch.telemetry.exposition.negotiation import DEFAULT_PROTOCOLS, PROTOBUF_FIRST, Format, accept_header, format_of


def test_the_accept_header_prefers_the_protocols_in_their_order():
    assert accept_header(DEFAULT_PROTOCOLS) == (
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
        "application/openmetrics-text;version=0.0.1;q=0.4,"
        "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
        "text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
    )


def test_protobuf_is_asked_for_by_its_message():
    assert accept_header(PROTOBUF_FIRST).startswith(
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,"
        "application/openmetrics-text;version=1.0.0"
    )


@pytest.mark.parametrize(
    ("content_type", "grammar"),
    [
        ("text/plain", Format.TEXT),
        ("text/plain; version=0.0.4; charset=utf-8", Format.TEXT),
        ("application/openmetrics-text; version=1.0.0; charset=utf-8", Format.OPENMETRICS),
        ("Application/OpenMetrics-Text;version=0.0.1", Format.OPENMETRICS),
        ("application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited", Format.PROTOBUF),
    ],
)
def test_content_types_name_the_grammar(content_type, grammar):
    assert format_of(content_type) is grammar


@pytest.mark.parametrize("content_type", ["", "application/json", "text/html; charset=utf-8", "nonsense"])
def test_other_content_types_need_a_fallback(content_type):
    with pytest.raises(ContentTypeError, match="fallback_scrape_protocol"):
        format_of(content_type)
    assert format_of(content_type, "PrometheusText0.0.4") is Format.TEXT
    assert format_of(content_type, "OpenMetricsText1.0.0") is Format.OPENMETRICS
    assert format_of(content_type, "PrometheusProto") is Format.PROTOBUF
