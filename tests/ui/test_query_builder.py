"""The query builder beside the code, both ways."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.remote_bodies import HEADERS, remote_body
from tests.running import RunningServer
from tests.ui.conftest import OpenPage


@pytest.fixture(scope="module", autouse=True)
def samples(server: RunningServer) -> None:
    """A counter and a histogram of two jobs, up to now."""
    now = int(time.time()) // 15 * 15_000
    times = [now - k * 15_000 for k in range(40, -1, -1)]
    counters = [
        ({"__name__": "sold_total", "job": job, "shop.id": "x"}, [(at, float(at - times[0])) for at in times]) for job in ("web", "app")
    ]
    buckets = [({"__name__": "wait_seconds_bucket", "le": le}, [(at, float(at - times[0])) for at in times]) for le in ("1", "+Inf")]
    status, _ = server.ask("/api/v1/write", remote_body([*counters, *buckets]), **HEADERS)
    assert status == 204


def builder(page: Page) -> Locator:
    return page.get_by_role("group", name="Query A in the builder")


def asks(page: Page, text: str) -> None:
    """The query under the fields, which is what is asked."""
    expect(builder(page).locator("code").last).to_have_text(text)


def fill(page: Page, label: str, text: str) -> None:
    builder(page).get_by_label(label, exact=True).fill(text)
    page.keyboard.press("Enter")


def test_a_query_is_put_together_field_by_field(open_page: OpenPage):
    page = open_page("/explore?from=now-5m")
    page.get_by_role("button", name="Query A in the builder").click()
    fill(page, "Metric", "sold_total")
    asks(page, "sold_total")
    builder(page).get_by_role("button", name="Label").click()
    fill(page, "Label 1: name", "job")
    fill(page, "Label 1: value", "web")
    asks(page, 'sold_total{job="web"}')
    builder(page).get_by_label("Label 1: comparison").select_option("!=")
    builder(page).get_by_role("button", name="Add rate").click()
    builder(page).get_by_label("Add a step").select_option(label="sum")
    fill(page, "Step 2: add a label", "shop.id")
    builder(page).get_by_label("Add a step").select_option(label=">")
    fill(page, "Step 3: number", "0.5")
    asks(page, 'sum by ("shop.id") (rate(sold_total{job!="web"}[5m])) > 0.5')
    fill(page, "Step 1: window", "2m")
    builder(page).get_by_role("button", name="Remove step 3").click()
    asks(page, 'sum by ("shop.id") (rate(sold_total{job!="web"}[2m]))')
    expect(page.get_by_role("region", name="Query A").get_by_text("1 series")).to_be_visible()
    page.get_by_role("button", name="Query A as code").click()
    expect(page.get_by_role("textbox", name="Query A")).to_have_text('sum by ("shop.id") (rate(sold_total{job!="web"}[2m]))')


def test_fields_offer_what_the_others_leave(open_page: OpenPage):
    page = open_page("/explore?q=sold_total{job!%3D'web'}&build=0&from=now-5m")
    field = builder(page).get_by_label("Label 1: value")
    field.focus()
    options = builder(page).locator(f"datalist#{field.get_attribute('list')} option")
    expect(options).to_have_count(2)
    names = builder(page).get_by_label("Label 1: name")
    names.focus()
    offered = builder(page).locator(f"datalist#{names.get_attribute('list')} option")
    expect(offered.first).to_be_attached()
    assert {option.get_attribute("value") for option in offered.all()} >= {"job", "shop.id"}


def test_code_is_read_into_the_fields_and_a_link_restores_them(open_page: OpenPage):
    page = open_page("/explore?q=topk(3, rate(sold_total[5m]) * 100)&build=0&from=now-5m")
    steps = builder(page).get_by_role("list", name="What is done to them").get_by_role("listitem")
    expect(steps).to_have_count(3)
    expect(builder(page).get_by_label("Step 3: how many")).to_have_value("3")
    builder(page).get_by_role("button", name="Move step 3 up").click()
    asks(page, "topk(3, rate(sold_total[5m])) * 100")


def test_what_has_no_place_in_it_is_named_and_stays(open_page: OpenPage):
    page = open_page("/explore?q=sold_total / wait_seconds_bucket&build=0&from=now-5m")
    expect(builder(page).get_by_text("The builder has no place for wait_seconds_bucket.")).to_be_visible()
    builder(page).get_by_role("button", name="Show the code").click()
    expect(page.get_by_role("textbox", name="Query A")).to_have_text("sold_total / wait_seconds_bucket")
    expect(page).not_to_have_url(re.compile("build="))


def test_buckets_become_a_quantile_by_a_press(open_page: OpenPage):
    page = open_page("/explore?q=wait_seconds_bucket&build=0&from=now-5m")
    builder(page).get_by_role("button", name="Add the 90th percentile").click()
    asks(page, "histogram_quantile(0.9, sum by (le) (rate(wait_seconds_bucket[5m])))")
