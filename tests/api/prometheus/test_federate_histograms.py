"""Native histograms are federated as Prometheus does it: all of them in protobuf, those with custom buckets in text."""

from __future__ import annotations

import itertools
import struct
from dataclasses import replace

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from tests.api.mixed import MixedReader
from tests.api.serving import NOW, As, memory_services

from fusewatch.access.need import Role
from fusewatch.api.prometheus.federate import federate_route, preferred_form
from fusewatch.telemetry.exposition.native import HistogramChoice
from fusewatch.telemetry.exposition.negotiation import PROTOBUF_FIRST, Format, accept_header, format_of
from fusewatch.telemetry.exposition.reader import PageReader
from fusewatch.telemetry.histograms import CUSTOM_SCHEMA, Histogram, ResetHint, Span
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.samples import STALE_NAN

pytestmark = pytest.mark.anyio

CUSTOM = Histogram(
    schema=CUSTOM_SCHEMA, count=6, sum=7.5, positive_spans=(Span(0, 1), Span(1, 1)), positive_buckets=(2, 4), custom_values=(1.0, 2.5)
)
EXPONENTIAL = Histogram(
    schema=-1,
    count=10,
    sum=-3.0,
    zero_threshold=0.5,
    zero_count=1,
    positive_spans=(Span(-1, 2),),
    positive_buckets=(4, 2),
    negative_spans=(Span(0, 1), Span(1, 1)),
    negative_buckets=(1, 2),
)
EMPTY = Histogram(schema=3, count=0, sum=0.0)


def named(name, **labels):
    return Labels({"__name__": name, **labels})


ROWS = {
    named("custom", job="a"): {NOW - 2000: 1.0, NOW - 1000: CUSTOM},
    named("exponential"): {NOW - 1000: EXPONENTIAL},
    named("gauge"): {NOW: replace(EXPONENTIAL, reset_hint=ResetHint.GAUGE)},
    named("empty"): {NOW: EMPTY},
    named("ended"): {NOW - 1000: EXPONENTIAL, NOW: STALE_NAN},
    named("ended_too"): {NOW: replace(EXPONENTIAL, sum=STALE_NAN)},
    named("float.again"): {NOW - 1000: CUSTOM, NOW: 2.0},
}


async def federate(accept):
    services = memory_services(reader=MixedReader(ROWS), external_labels=lambda: Labels({"cluster": "eu"}))
    app = Starlette(routes=[federate_route(services)], middleware=[Middleware(As, role=Role.ADMIN)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as asking:
        answer = await asking.get("/federate", params={"match[]": '{__name__=~".+"}'}, headers={"Accept": accept})
    services.pool.close()
    assert answer.status_code == 200
    return answer


async def test_text_has_those_with_custom_buckets_as_classic_ones():
    added = 'cluster="eu",instance=""'
    assert (await federate("text/plain")).text == (
        "# TYPE custom histogram\n"
        f'custom_bucket{{job="a",{added},le="1"}} 2 {NOW - 1000}\n'
        f'custom_bucket{{job="a",{added},le="2.5"}} 2 {NOW - 1000}\n'
        f'custom_bucket{{job="a",{added},le="+Inf"}} 6 {NOW - 1000}\n'
        f'custom_sum{{job="a",{added}}} 7.5 {NOW - 1000}\n'
        f'custom_count{{job="a",{added}}} 6 {NOW - 1000}\n'
        "# TYPE float_again untyped\n"
        f"float_again{{{added}}} 2 {NOW}\n"
    )


async def test_protobuf_has_all_of_them_as_a_scrape_reads_them():
    answer = await federate(accept_header(PROTOBUF_FIRST))
    assert format_of(answer.headers["content-type"]) is Format.PROTOBUF
    names = {}

    def naming(labels):
        found = Labels(labels)
        names[found.id] = found
        return found

    page = PageReader(naming, histograms=HistogramChoice(native=True, convert_classic=True)).read(answer.content, Format.PROTOBUF)
    rows = page.histograms
    bodies = [Histogram.decode(rows.bodies[start:end].tobytes()) for start, end in itertools.pairwise(rows.offsets.tolist())]
    found = {
        names[number].without(("cluster", "instance")): (at, one)
        for number, at, one in zip(rows.ids.tolist(), rows.timestamps.tolist(), bodies, strict=True)
    }
    as_float = replace(EXPONENTIAL, is_float=True)
    assert found == {
        named("custom", job="a"): (NOW - 1000, replace(CUSTOM, positive_spans=(Span(0, 3),), positive_buckets=(2, 0, 4))),
        named("exponential"): (NOW - 1000, as_float),
        named("gauge"): (NOW, replace(as_float, reset_hint=ResetHint.GAUGE)),
        named("empty"): (NOW, replace(EMPTY, positive_spans=(Span(0, 0),))),
    }
    assert {names[number] for number in page.ids.tolist()} == {named("float.again", cluster="eu")}
    assert page.values.tolist() == [2.0]
    assert {line.text for line in page.metadata if line.family == "gauge"} == {"gaugehistogram"}


async def test_a_client_of_old_names_gets_them_escaped_in_protobuf_too():
    answer = await federate("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited")
    assert b"float_again" in answer.content
    assert struct.pack("<d", 2.0) in answer.content
    assert "escaping" not in answer.headers["content-type"]


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", "text"),
        ("*/*", "text"),
        ("application/openmetrics-text;q=0.9, text/plain;q=0.1", "text"),
        ("application/vnd.google.protobuf;q=0.2, text/plain;q=0.3", "text"),
        ("application/vnd.google.protobuf;q=0.3, text/plain;q=0.2", "protobuf"),
        ("application/vnd.google.protobuf; encoding=text", "text"),
        ("application/vnd.google.protobuf; q=nonsense", "text"),
    ],
)
def test_a_client_gets_the_form_that_it_prefers(accept, form):
    assert preferred_form(accept) == form
