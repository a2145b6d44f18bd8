"""The pages of ingest and cardinality before a server that is sent too much."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from tests.remote_bodies import HEADERS, remote_body
from tests.running import RunningServer
from tests.ui.conftest import OpenPage

#: More than Fusewatch's own metrics ever have.
LIMIT = 1000
CONFIG = f"storage: {{max_series_per_metric: {LIMIT}}}"
DAY_MS = 86_400_000


def send(server: RunningServer, agent: str, metric: str, count: int, *, age_ms: int = 0) -> int:
    now = time.time_ns() // 1_000_000 - age_ms
    body = remote_body(
        ({"__name__": metric, "job": "shop", "path": f"/{number}"}, [(now - 1000, 1.0), (now, 2.0)]) for number in range(count)
    )
    return server.ask("/api/v1/write", body, **HEADERS, **{"User-Agent": agent})[0]


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server whose sender has gone over a limit, and another that sends what is too old."""
    with RunningServer(tmp_path_factory.mktemp("crowded") / "data", config=CONFIG) as running:
        assert send(running, "Prometheus/3.5.0", "orders", LIMIT) == 204
        assert send(running, "Prometheus/3.5.0", "payments", 5) == 204
        assert send(running, "Prometheus/3.5.0", "orders", LIMIT + 3) == 429
        assert send(running, "old-agent", "orders", 1, age_ms=90 * DAY_MS) == 400
        assert len(running.query("payments")) == 5
        full = {"name": "orders", "series": LIMIT}
        running.wait_for(lambda: any(full in one["largest"] for one in running.json("/api/fusewatch/v1/ingest")["limits"]))
        yield running


def only_part(page: Page, name: str):
    return page.get_by_role("list", name="Only series with").get_by_role("listitem").filter(has_text=name)


def test_ingest_says_what_is_refused_since_when_why_and_what_to_do(open_page: OpenPage, crowded: RunningServer):
    page = open_page("/ingest", url=crowded.url)
    wrong = page.get_by_role("region", name="What is refused or behind right now")
    expect(wrong.get_by_role("heading", level=2)).to_have_text("2 things are wrong with what comes in")
    limit = wrong.get_by_role("listitem").filter(has_text="New series are over a limit")
    expect(limit).to_contain_text(re.compile(r"since .* ago · \d{4}-"))
    expect(limit).to_contain_text("6 samples refused since the start, the last of Prometheus/3.5.0 from 127.0.0.1")
    expect(limit).to_contain_text("reached by orders")
    expect(limit).to_contain_text("storage.max_series_per_metric")
    expect(wrong.get_by_role("listitem").filter(has_text="Samples are too old")).to_contain_text("storage.retention.metrics")
    tiles = page.get_by_role("list", name="The way of a sample").get_by_role("heading")
    assert tiles.all_inner_texts() == ["Coming in", "Refused", "Queue", "Commit", "Seal", "Merge"]


def test_ingest_says_who_sends_what_and_a_row_opens_its_detail(open_page: OpenPage, crowded: RunningServer):
    page = open_page("/ingest", url=crowded.url)
    table = page.get_by_role("table", name="Senders")
    row = table.get_by_role("row", name="Prometheus/3.5.0")
    expect(row.get_by_role("cell", name="1,005").first).to_be_visible()
    expect(table.get_by_role("row", name="This machine")).to_be_visible()
    row.focus()
    page.keyboard.press("Enter")
    drawer = page.get_by_role("dialog", name="Prometheus/3.5.0")
    expect(drawer.get_by_text("Remote write 1.0")).to_be_visible()
    expect(page).to_have_url(re.compile("open="))
    page.reload()
    expect(drawer).to_be_visible()
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    expect(page).not_to_have_url(re.compile("open="))


def test_of_many_senders_the_busiest_are_shown_first_and_all_on_demand(open_page: OpenPage, crowded: RunningServer):
    for number in range(15):
        assert send(crowded, f"agent-{number}", "orders", 1) == 204
    crowded.wait_for(lambda: crowded.json("/api/fusewatch/v1/ingest")["sender_count"] > 17)
    page = open_page("/ingest", url=crowded.url)
    rows = page.get_by_role("table", name="Senders").locator("tbody").get_by_role("row")
    expect(rows).to_have_count(12)
    page.get_by_role("button", name="Show all").click()
    expect(page.get_by_role("button", name="Show all")).to_have_count(0)
    assert rows.count() > 17


def test_ingest_draws_its_rates_from_the_stores_own_metrics(open_page: OpenPage, crowded: RunningServer):
    # A page asks up to the last whole second.
    crowded.wait_for(lambda: crowded.query('rate(fusewatch_ingest_samples_total{protocol="host"}[1m])', time=str(int(time.time()))))
    page = open_page("/ingest", url=crowded.url)
    panel = page.get_by_role("region", name="Samples a second, by protocol")
    expect(panel.get_by_role("button", name="This machine")).to_be_visible()
    expect(panel.locator("canvas")).to_be_visible()


def test_the_first_refusals_are_drawn(open_page: OpenPage, crowded: RunningServer):
    query = 'increase(fusewatch_ingest_refused_samples_total{reason="series_limit"}[1h]) > 0'
    crowded.wait_for(lambda: send(crowded, "Prometheus/3.5.0", "orders", LIMIT + 3) == 429 and crowded.query(query))
    page = open_page("/ingest", url=crowded.url)
    panel = page.get_by_role("region", name="Refused samples a second, by reason")
    expect(panel.get_by_role("button", name="New series are over a limit")).to_be_visible()
    expect(panel.get_by_role("button", name="The receiver was not ready")).to_have_count(0)


def test_cardinality_shows_the_limit_that_is_reached_and_who_fills_it(open_page: OpenPage, crowded: RunningServer):
    page = open_page("/cardinality", url=crowded.url)
    limits = page.get_by_role("region", name="Limits")
    expect(limits.get_by_text("1,000 of 1,000 (100 %)")).to_be_visible()
    limits.get_by_role("list", name="Largest: Series of one metric").get_by_role("button", name="orders").click()
    expect(page).to_have_url(re.compile("metric=orders"))
    expect(only_part(page, "orders")).to_be_visible()


def test_a_press_on_a_metric_a_job_and_a_label_narrows_and_the_link_restores_it(open_page: OpenPage, crowded: RunningServer):
    page = open_page("/cardinality", url=crowded.url)
    page.get_by_role("table", name="Jobs").get_by_role("button", name="shop").click()
    metrics = page.get_by_role("table", name="Metrics", exact=True)
    expect(metrics.get_by_role("row")).to_have_count(3)
    metrics.get_by_role("button", name="payments").click()
    page.get_by_role("table", name="Labels", exact=True).get_by_role("button", name="path").click()
    values = page.get_by_role("table", name="Values of path")
    expect(values.get_by_role("row")).to_have_count(6)
    expect(page).to_have_url(re.compile("(?=.*metric=payments)(?=.*job=shop)(?=.*label=path)"))
    page.reload()
    expect(values.get_by_role("row")).to_have_count(6)
    values.get_by_role("button", name="path=/3").click()
    expect(page.get_by_role("textbox", name="Only series that match")).to_have_value('{path="/3"}')
    expect(page.get_by_role("list", name="All of these series").get_by_role("listitem").first).to_contain_text("1")
    page.get_by_role("button", name="Take job shop away").click()
    expect(page).not_to_have_url(re.compile("job="))
    page.go_back()
    expect(only_part(page, "shop")).to_be_visible()


def test_a_row_leads_to_its_series(open_page: OpenPage, crowded: RunningServer):
    page = open_page("/cardinality?job=shop", url=crowded.url)
    row = page.get_by_role("table", name="Metrics", exact=True).get_by_role("row", name="payments")
    row.get_by_role("link", name="Open in Explore metrics").click()
    expect(page).to_have_url(re.compile(r"/explore\?q=payments"))
    expect(page.get_by_text(re.compile("5 series"))).to_be_visible()


def test_what_nobody_queries_is_told_and_what_somebody_did_is_not(open_page: OpenPage, crowded: RunningServer):
    page = open_page("/cardinality?job=shop", url=crowded.url)
    unused = page.get_by_role("region", name="Not queried")
    expect(unused.get_by_text("were not queried since queries are noted")).to_be_visible()
    expect(unused.get_by_role("row", name="orders")).to_be_visible()
    expect(unused.get_by_role("row", name="payments")).to_have_count(0)


def test_a_selector_that_cannot_be_read_says_why(open_page: OpenPage, crowded: RunningServer, complaints):
    complaints.tolerated += ["400 (Bad Request)"]
    page = open_page("/cardinality", url=crowded.url)
    field = page.get_by_role("textbox", name="Only series that match")
    field.fill('{path="/1"')
    field.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("parse error")
    field.fill('{path="/1"}')
    field.press("Enter")
    expect(page.get_by_role("table", name="Metrics", exact=True).get_by_role("row")).to_have_count(3)


def test_nothing_that_fits_says_so(open_page: OpenPage, crowded: RunningServer):
    page = open_page("/cardinality?metric=nothing", url=crowded.url)
    expect(page.get_by_role("heading", name="No series in this time")).to_be_visible()


@pytest.mark.parametrize("path", ["/ingest", "/cardinality", "/cardinality?label=path&job=shop"])
def test_a_crowded_page_fits_a_phone(open_page: OpenPage, crowded: RunningServer, path: str):
    page = open_page(path, url=crowded.url, viewport={"width": 360, "height": 780})
    expect(page.get_by_role("table").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_pages_are_reached_by_keys_and_palette(open_page: OpenPage, crowded: RunningServer):
    page = open_page("/users", url=crowded.url)
    expect(page.get_by_role("navigation", name="Pages")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("i")
    expect(page).to_have_url(re.compile("/ingest$"))
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Search").fill("cardinality")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/cardinality$"))
