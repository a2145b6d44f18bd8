"""Another Prometheus scrapes the latest samples of chosen series."""

from __future__ import annotations

import pytest
from tests.api.serving import NOW, Served, memory_services

from fusewatch.api.prometheus.federate_text import exposition
from fusewatch.telemetry.labels import EMPTY, Labels
from fusewatch.telemetry.samples import STALE_NAN

pytestmark = pytest.mark.anyio


@pytest.fixture
def store(served):
    served.add({"__name__": "up", "job": "api", "instance": "a"}, (30_000, 0.0), (15_000, 1.0))
    served.add({"__name__": "up", "job": "api", "instance": "gone"}, (30_000, 1.0), (15_000, STALE_NAN))
    served.add({"__name__": "up", "job": "api", "instance": "old"}, (301_000, 1.0))
    served.add({"__name__": "up", "job": "api", "instance": "edge"}, (300_000, 1.0))
    served.add({"__name__": "load", "job": "api"}, (0, 1.5e-7), (1, 2.0))
    served.add({"job": "nameless"}, (0, 1.0))
    return served


async def federate(served, *selectors, accept="text/plain"):
    async with served.client() as asking:
        return await asking.get("/federate", params={"match[]": selectors}, headers={"Accept": accept})


async def test_the_latest_sample_of_each_series_with_its_time(store):
    answer = await federate(store, '{job="api"}')
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.text == (
        "# TYPE load untyped\n"
        f'load{{job="api",instance=""}} 1.5e-07 {NOW}\n'
        "# TYPE up untyped\n"
        f'up{{instance="a",job="api"}} 1 {NOW - 15_000}\n'
        f'up{{instance="edge",job="api"}} 1 {NOW - 300_000}\n'
    )


async def test_a_series_that_two_selectors_mean_comes_once(store):
    answer = await federate(store, "load", '{__name__=~"lo.*"}')
    assert answer.text.count("load{") == 1


async def test_no_selector_means_nothing_and_a_bad_one_is_refused(store):
    assert (await federate(store)).text == ""
    refused = await federate(store, "up[")
    assert refused.status_code == 400
    assert "parse error" in refused.text


async def test_external_labels_are_added_where_a_series_has_none():
    services = memory_services(external_labels=lambda: Labels({"cluster": "eu", "job": "other", "instance": "me"}))
    served = Served(services)
    served.add({"__name__": "up", "job": "api"}, (0, 1.0))
    assert f'up{{job="api",cluster="eu",instance="me"}} 1 {NOW}\n' in (await federate(served, "up")).text
    services.pool.close()


async def test_a_request_that_takes_no_text_but_utf8_names_gets_them_quoted(served):
    served.add({"__name__": "http.size", "ü": 'a"\\\n'}, (0, 1.0))
    quoted = await federate(served, '{"http.size"}', accept="text/plain;version=1.0.0;escaping=allow-utf-8")
    assert quoted.text == f'# TYPE "http.size" untyped\n{{"http.size","ü"="a\\"\\\\\\n",instance=""}} 1 {NOW}\n'
    assert "version=1.0.0" in quoted.headers["content-type"]
    old = await federate(served, '{"http.size"}')
    assert old.text == f'# TYPE http_size untyped\nhttp_size{{_="a\\"\\\\\\n",instance=""}} 1 {NOW}\n'


@pytest.mark.parametrize(("value", "text"), [(float("inf"), "+Inf"), (float("nan"), "NaN"), (1e30, "1e+30"), (12345678.0, "1.2345678e+07")])
def test_values_read_back_as_themselves(value, text):
    [_, line] = exposition({Labels({"__name__": "x"}): (5, value)}, EMPTY, quoted=False)
    assert line == f'x{{instance=""}} {text} 5\n'
