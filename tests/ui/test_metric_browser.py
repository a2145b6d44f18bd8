"""The metrics browser: what there is, narrowed until it is the right one."""

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
    """A histogram of two pods of a job, and two more metrics that begin alike."""
    now = int(time.time() * 1000)
    series = [
        ({"__name__": f"shop_wait_seconds_{ending}", "job": "shop", "pod": pod, **labels}, [(now, 1.0)])
        for pod in ("a", "b")
        for ending, labels in (("bucket", {"le": "1"}), ("bucket", {"le": "+Inf"}), ("sum", {}), ("count", {}))
    ]
    others = [({"__name__": name, "job": "shop"}, [(now, 1.0)]) for name in ("shop_orders_total", "shop_open")]
    status, _ = server.ask("/api/v1/write", remote_body([*series, *others]), **HEADERS)
    assert status == 204


def browser(page: Page) -> Locator:
    page.get_by_role("button", name="Metrics", exact=True).click()
    return page.get_by_role("dialog", name="Metrics")


def names(sheet: Locator) -> Locator:
    return sheet.get_by_role("list", name="Metrics").get_by_role("button", name=re.compile("^(?!More about)"))


def test_job_type_prefix_and_words_narrow_the_list(open_page: OpenPage):
    sheet = browser(open_page("/explore"))
    expect(sheet.get_by_role("status")).to_have_text(re.compile(r"^\d{2,} of \d{2,} metrics$"))
    sheet.get_by_role("group", name="Names that begin with").get_by_role("button", name=re.compile(r"^node_…")).click()
    expect(names(sheet).first).to_have_text(re.compile("^node_"))
    sheet.get_by_role("button", name="Not only node_").click()
    sheet.get_by_label("Job").select_option("shop")
    expect(sheet.get_by_role("status")).to_have_text("3 of 3 metrics")
    expect(names(sheet)).to_have_text(
        [re.compile("^shop_open"), re.compile("^shop_orders_totalcounter"), re.compile("^shop_wait_secondshistogram")]
    )
    sheet.get_by_label("Type").select_option("histogram")
    expect(names(sheet)).to_have_count(1)
    sheet.get_by_label("Type").select_option("")
    sheet.get_by_label("Find a metric").fill("SHOP ord")
    expect(names(sheet)).to_have_text([re.compile("^shop_orders_total")])


def test_a_press_asks_for_what_one_usually_wants(open_page: OpenPage):
    page = open_page("/explore?q=up")
    sheet = browser(page)
    sheet.get_by_label("Find a metric").fill("shop_orders")
    names(sheet).first.click()
    expect(page.get_by_role("textbox", name="Query B")).to_have_text("rate(shop_orders_total[5m])")


def test_details_hold_other_questions_and_the_labels(open_page: OpenPage):
    page = open_page("/explore")
    sheet = browser(page)
    sheet.get_by_label("Find a metric").fill("shop_wait")
    sheet.get_by_role("button", name="More about shop_wait_seconds").click()
    questions = sheet.get_by_role("list", name="What to ask of shop_wait_seconds").get_by_role("button")
    expect(questions).to_have_text(
        [re.compile("^90th percentile"), re.compile("^Buckets"), re.compile("^Mean"), re.compile("^How many a second")]
    )
    expect(sheet.get_by_role("group", name="pod").get_by_role("button")).to_have_text(["a 2", "b 2"])
    sheet.get_by_role("group", name="pod").get_by_role("button", name="b").click()
    expected = 'histogram_quantile(0.9, sum by (le) (rate(shop_wait_seconds_bucket{pod="b"}[5m])))'
    expect(page.get_by_role("textbox", name="Query A")).to_have_text(expected)
