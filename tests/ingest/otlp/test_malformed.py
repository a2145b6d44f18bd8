"""Whatever comes in is decoded or refused with a sentence; never another error, never a sample of another series."""

from __future__ import annotations

import json

import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.ingest.otlp.known import exemplars, floats, histograms
from tests.ingest.otlp.requests import DELTA, NOW, counter, exponential, gauge, histogram, request, summary
from tests.ingest.otlp.test_decoder import Decoding
from tests.telemetry.wire import field, varint

from fusewatch.telemetry.otlp.plain import OtlpError, from_json, normalised
from fusewatch.telemetry.ports import OverloadedError

TRACE = bytes(range(1, 17))


def everything():
    """A request with every kind and every field that counts."""
    one = {"as_double": 0.5, "trace_id": TRACE, "span_id": TRACE[:8], "time_unix_nano": NOW}
    one["filtered_attributes"] = [{"key": "user", "value": {"string_value": "u"}}]
    nested = {"a": [1, "x", {"b": 2.5}], "c": b"d"}
    return request(
        gauge("g", {"as_double": 1.0, "attributes": {"a": "b", "n": 1, "f": 0.5, "t": True, "nested": nested}}, {"flags": 1}),
        counter("c", {"as_int": -5, "start_time_unix_nano": NOW - 5, "exemplars": [one]}, monotonic=False),
        counter("d", {"as_double": 2.0}, temporality=DELTA),
        histogram("h", {"count": 6, "sum": 2.5, "bucket_counts": [1, 5], "explicit_bounds": [0.5], "exemplars": [one]}),
        exponential("e", {"count": 9, "scale": 9, "zero_count": 1, "positive": {"offset": -3, "bucket_counts": [1, 0, 300]}, "flags": 1}),
        exponential(
            "e2", {"count": 9, "sum": 0.0, "scale": -2, "negative": {"offset": 3, "bucket_counts": [1, 0, 3]}, "zero_threshold": 0.5}
        ),
        summary("s"),
        scope={"name": "lib", "version": "1", "attributes": {"x": "y"}},
        resource={"service.name": "shop", "host.name": "h"},
        schema_url="http://s",
    )


def all_settings():
    return [
        Decoding(),
        Decoding(
            promote_scope_metadata=True, convert_histograms_to_nhcb=True, start_time_zero_sample="1h", promote_all_resource_attributes=True
        ),
    ]


def said(decoding, body, **how):
    """What is decoded, in words; or the error."""
    try:
        result = decoding.decoder.decode(body, **how)
    except (OtlpError, OverloadedError) as error:
        return str(error)
    series = decoding.series
    return (
        {name: sorted(rows, key=repr) for name, rows in floats(series, result.decoded).items()},
        histograms(series, result.decoded),
        exemplars(series, result.decoded),
    )


BODY = everything().SerializeToString()


@settings(max_examples=300)
@given(st.binary(max_size=200))
@example(b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")
@example(b"\x0a\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80")
@example(field(1, field(2, field(2, field(9, field(1, field(7, bytes(7))) + b"\x10\x02")))))
@example(field(1, field(2, field(2, field(5, field(1, b"\x19" + bytes(7)))))))
@example(field(1, field(2, field(2, field(9, field(1, b"\x19" + bytes([1] * 8) + b"\x38" + varint(1 << 50)) + b"\x10\x02")))))
def test_any_bytes_are_decoded_or_refused(data):
    for decoding in all_settings():
        said(decoding, data)
        said(decoding, data, json=True)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, len(BODY) - 1), st.integers(0, 255)), min_size=1, max_size=4), st.integers(0, len(BODY)))
def test_a_damaged_request_is_decoded_or_refused(changes, cut):
    damaged = bytearray(BODY)
    for place, byte in changes:
        damaged[place] = byte
    for decoding in all_settings():
        for body in (bytes(damaged), bytes(damaged[:cut])):
            said(decoding, body)
            said(decoding, body)  # what was learnt of it does no harm either


def test_no_single_damaged_byte_does_harm():
    decoding, others = all_settings()
    for place in range(len(BODY)):
        for change in (0x01, 0x80, 0xFF):
            damaged = bytearray(BODY)
            damaged[place] ^= change
            said(decoding, bytes(damaged))
            said(others, bytes(damaged))


def as_json(message) -> dict:
    """OTLP/JSON: as protobuf's JSON, but ids in hexadecimal and enums as numbers."""
    found = MessageToDict(message, use_integers_for_enums=True)

    def fix(node):
        if isinstance(node, dict):
            for key, value in node.items():
                if key in {"traceId", "spanId"}:
                    node[key] = TRACE[: 16 if key == "traceId" else 8].hex().upper()
                fix(value)
        elif isinstance(node, list):
            for value in node:
                fix(value)

    fix(found)
    return found


def test_json_says_the_same_as_protobuf():
    decoding = Decoding(promote_scope_metadata=True)
    expected = said(decoding, BODY)
    again = Decoding(promote_scope_metadata=True)
    assert repr(said(again, json.dumps(as_json(everything())).encode(), json=True)) == repr(expected)
    assert from_json(json.dumps(as_json(everything())).encode()) == BODY


def test_an_unusual_form_says_the_same_as_the_usual_one():
    """Two resources messages that protobuf merges, a scope behind its metrics, numbers that are not packed."""
    point = b"\x19" + NOW.to_bytes(8, "little") + b"\x21" + (3).to_bytes(8, "little")
    for count in (1, 2):
        point += b"\x31" + count.to_bytes(8, "little")
    point += b"\x39" + bytes.fromhex("000000000000e03f")
    metric = field(9, field(1, point) + b"\x10\x02") + field(1, b"h")
    key = field(1, b"service.name") + field(2, field(1, b"shop"))
    more = field(1, b"host.name") + field(2, field(1, b"x"))
    body = field(1, field(2, field(2, metric) + field(1, field(1, b"lib"))) + field(1, field(1, key)) + field(1, field(1, more)))
    usual = request(
        histogram("h", {"count": 3, "bucket_counts": [1, 2], "explicit_bounds": [0.5]}, unit=""),
        resource={"service.name": "shop", "host.name": "x"},
        scope={"name": "lib"},
    )
    for changes in ({}, {"promote_scope_metadata": True}):
        assert said(Decoding(**changes), body) == said(Decoding(**changes), usual.SerializeToString())
    assert normalised(body) == usual.SerializeToString()


def test_the_usual_form_is_its_own_normal_form():
    assert normalised(BODY) == BODY


WRONG_JSON = [
    (b"", "not JSON"),
    (b"[]", "$: expected an object, not []"),
    (b'{"resourceMetrics": {}}', "$.resourceMetrics: expected an array, not {}"),
    (b'{"resourceMetrics": [1]}', "$.resourceMetrics[0]: expected an object, not 1"),
    (b'{"resourceMetrics": [{"schemaUrl": 1}]}', "$.resourceMetrics[0].schemaUrl: expected a string, not 1"),
    ('{"resourceMetrics": [{"scopeMetrics": [{"metrics": [%s]}]}]}', ""),
]
POINTS = [
    ('{"gauge": {"dataPoints": [{"timeUnixNano": "x"}]}}', "dataPoints[0].timeUnixNano: expected a whole number, not 'x'"),
    ('{"gauge": {"dataPoints": [{"timeUnixNano": -1}]}}', "-1 is out of range"),
    ('{"gauge": {"dataPoints": [{"timeUnixNano": 1.5}]}}', "expected a whole number, not 1.5"),
    ('{"gauge": {"dataPoints": [{"timeUnixNano": true}]}}', "expected a whole number, not True"),
    ('{"gauge": {"dataPoints": [{"asDouble": "x"}]}}', "expected a number, not 'x'"),
    ('{"gauge": {"dataPoints": [{"asDouble": []}]}}', "expected a number, not []"),
    ('{"sum": {"isMonotonic": 1}}', "isMonotonic: expected true or false, not 1"),
    ('{"sum": {"aggregationTemporality": "AGGREGATION_TEMPORALITY_DELTA"}}', "expected a whole number"),
    ('{"sum": {"dataPoints": [{"exemplars": [{"traceId": "xyz"}]}]}}', "traceId: expected hexadecimal digits, not 'xyz'"),
    ('{"gauge": {"dataPoints": [{"attributes": [{"key": "a", "value": {"bytesValue": "?"}}]}]}}', "expected base64, not '?'"),
]


@pytest.mark.parametrize(("body", "words"), WRONG_JSON[:-1] + [((WRONG_JSON[-1][0] % point).encode(), words) for point, words in POINTS])
def test_wrong_json_is_refused_with_the_path_of_what_is_wrong(body, words):
    with pytest.raises(OtlpError) as error:
        Decoding().decoder.decode(body, json=True)
    assert words in str(error.value)


def test_json_takes_numbers_as_strings_and_ignores_what_it_does_not_know():
    point = {"timeUnixNano": str(NOW), "asDouble": "NaN", "new": [1], "flags": 0.0, "startTimeUnixNano": None}
    body = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "x", "gauge": {"dataPoints": [point]}}]}], "other": 1}]}
    decoding = Decoding()
    [[(_, value)]] = said(decoding, json.dumps(body).encode(), json=True)[0].values()
    assert value != value  # noqa: PLR0124 - NaN


deep = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@given(deep)
def test_any_attribute_value_becomes_text(plain):
    try:
        point = {"as_int": 1, "attributes": {"a": plain}}
        body = request(gauge("x", point)).SerializeToString()
    except ValueError:
        return  # no 64-bit integer, or no UTF-8
    result = Decoding(label_size_limit="1MB").decoder.decode(body)
    assert (result.points, result.rejected) == (1, 0)


def test_values_nested_too_deeply_are_refused():
    plain: object = 1
    for _ in range(40):
        plain = [plain]
    result = Decoding().result(gauge("x", {"as_int": 1, "attributes": {"a": plain}}))
    assert (result.rejected, "nested" in result.message) == (1, True)


def test_a_request_over_the_limit_is_refused():
    with pytest.raises(OtlpError, match="the limit is 1024"):
        Decoding(body_limit="1KB").decoder.decode(bytes(1025))


def test_an_empty_request_is_nothing():
    result = Decoding().decoder.decode(b"")
    assert (result.points, result.rejected, len(result.decoded.refs)) == (0, 0, 0)
