from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from tests.running import RunningServer
from tests.ui.conftest import CODEMIRROR_ATTRIBUTE, Complaints, OpenPage

PAGES = ("/", "/explore", "/rules", "/targets", "/ingest", "/cardinality", "/status", "/users")
#: What stands on each page once its answers are there.
SETTLED = {
    "/": "Top processes",
    "/explore": "Nothing is asked yet",
    "/rules": "Rules",
    "/targets": "Targets",
    "/ingest": "Who sends what",
    "/cardinality": "Not queried",
    "/status": "Where the series come from",
    "/users": "Audit trail",
}


def settled(page: Page, path: str) -> None:
    expect(page.get_by_role("heading", name=SETTLED[path], exact=True).first).to_be_attached()
    expect(page.get_by_role("status", name="Loading")).to_have_count(0)


def query_field(page: Page, letter: str = "A"):
    return page.get_by_role("textbox", name=f"Query {letter}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_each_page_opens_without_a_complaint(open_page: OpenPage, path: str, scheme: str):
    page = open_page(path, color_scheme=scheme)
    settled(page, path)
    assert page.locator("html").get_attribute("data-mantine-color-scheme") == scheme


@pytest.mark.parametrize("path", PAGES)
def test_each_page_fits_a_phone(open_page: OpenPage, path: str):
    page = open_page(path, viewport={"width": 360, "height": 780})
    settled(page, path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    expect(page.get_by_role("navigation", name="Pages").get_by_role("link", name="Targets")).to_be_in_viewport()


def test_the_overview_says_what_is_wrong_before_anything_else(open_page: OpenPage, server: RunningServer):
    page = open_page("/")
    hostname = server.json("/api/fusewatch/v1/host")["hostname"]
    expect(page.get_by_role("heading", level=1)).to_have_text(hostname)
    findings = page.get_by_role("region", name="What is wrong right now")
    expect(findings.get_by_role("heading", level=2)).to_have_text(re.compile("wrong right now", re.IGNORECASE))
    tiles = page.get_by_role("list", name="This machine now")
    assert [tile.split("\n")[0] for tile in tiles.get_by_role("listitem").all_inner_texts()] == ["CPU", "Memory", "Disk", "Network", "Load"]
    expect(page.get_by_role("table", name="Top processes").get_by_role("row")).not_to_have_count(0)


def test_the_overview_draws_what_the_host_collector_keeps(open_page: OpenPage):
    page = open_page("/")
    panel = page.get_by_role("region", name="Memory by type")
    expect(panel.get_by_role("button", name="used")).to_be_visible()
    expect(panel.locator("canvas")).to_be_visible()
    cpu = page.get_by_role("region", name="CPU", exact=True)
    cpu.get_by_role("radio", name="Per core").check()
    expect(cpu.get_by_role("button", name="core 0")).to_be_visible()


def test_a_graph_can_be_read_as_a_table(open_page: OpenPage):
    page = open_page("/")
    panel = page.get_by_role("region", name="Disk used, per mount")
    panel.get_by_role("button", name="as a table").click()
    table = panel.get_by_role("region", name="as a table")
    expect(table.get_by_role("columnheader").first).to_have_text("Time")
    expect(table.get_by_role("rowheader").first).to_have_text(re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$"))


def test_a_press_in_the_legend_shows_a_series_alone_and_shift_leaves_it_out(open_page: OpenPage):
    page = open_page("/")
    legend = page.get_by_role("region", name="Memory by type").get_by_role("group", name="Legend")
    pressed = legend.locator("button[aria-pressed=true]")
    expect(pressed).to_have_count(4)
    legend.get_by_role("button", name="cached").click()
    expect(pressed).to_have_text(["cached"])
    legend.get_by_role("button", name="cached").click()
    legend.get_by_role("button", name="cached").click(modifiers=["Shift"])
    expect(pressed).to_have_count(3)


def test_a_brush_zooms_every_graph_and_a_double_click_goes_back(open_page: OpenPage):
    page = open_page("/?from=now-5m")
    panel = page.get_by_role("region", name="Memory by type")
    expect(panel.locator("button[aria-pressed=true]")).to_have_count(4)
    over = panel.locator(".u-over")
    box = over.bounding_box()
    assert box
    over.drag_to(over, source_position={"x": box["width"] * 0.5, "y": 40}, target_position={"x": box["width"] * 0.99, "y": 60})
    expect(page).to_have_url(re.compile(r"from=\d{4}-.*to=\d{4}-"))
    expect(page.get_by_role("button", name="Back from zoom")).to_be_visible()
    over.dblclick(position={"x": 50, "y": 50})
    expect(page).to_have_url(re.compile(r"from=now-5m"))


def test_explore_asks_in_promql_and_says_what_it_cost(open_page: OpenPage, complaints: Complaints):
    complaints.tolerated.append(CODEMIRROR_ATTRIBUTE)
    page = open_page("/explore")
    query_field(page).click()
    page.keyboard.type("node_memory_usage", delay=5)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Enter")
    expect(page).to_have_url(re.compile(r"q=node_memory_usage"))
    expect(page.get_by_text(re.compile(r"5 series · .* ms"))).to_be_visible()
    expect(page.get_by_role("region", name="Graph").locator("canvas")).to_be_visible()


def test_explore_says_why_a_query_is_empty(open_page: OpenPage, complaints: Complaints):
    complaints.tolerated.append(CODEMIRROR_ATTRIBUTE)
    page = open_page("/explore?q=sum(node_memory_usag)")
    expect(page.get_by_text("No series matched")).to_be_visible()
    expect(page.get_by_text("There is no metric node_memory_usag; did you mean node_memory_usage?")).to_be_visible()


def test_explore_explains_a_query_part_by_part(open_page: OpenPage, complaints: Complaints):
    complaints.tolerated.append(CODEMIRROR_ATTRIBUTE)
    page = open_page("/explore?q=sum(node_memory_usage) / 2&q=up&tab=explain")
    parts = page.get_by_role("list", name="Parts of query A")
    expect(parts.get_by_text("sum(node_memory_usage)", exact=True)).to_be_visible()
    expect(parts.get_by_text("5 series")).to_be_visible()
    expect(parts.get_by_text("1 series").first).to_be_visible()
    expect(page.get_by_role("list", name="Parts of query B")).to_be_visible()


def test_explore_completes_metric_names(open_page: OpenPage, complaints: Complaints):
    complaints.tolerated.append(CODEMIRROR_ATTRIBUTE)
    page = open_page("/explore")
    query_field(page).click()
    page.keyboard.type("node_mem", delay=20)
    expect(page.get_by_role("option", name="node_memory_usage")).to_be_visible()


def test_the_engines_error_stands_under_its_query(open_page: OpenPage, complaints: Complaints):
    complaints.tolerated += ["400 (Bad Request)"]
    page = open_page("/explore?q=sum(up&q=up")
    first = page.get_by_role("region", name="Query A")
    expect(first.get_by_text("bad_data")).to_be_visible()
    expect(page.get_by_role("region", name="Query B").get_by_text(re.compile(r"\d+ series"))).to_be_visible()


def test_a_link_restores_queries_what_is_hidden_the_tab_and_the_window(open_page: OpenPage):
    link = "/explore?q=up&q=node_cpu_usage&hide=0&tab=table&from=2026-01-01T00:00:00.000Z&to=2026-01-01T01:00:00.000Z&tz=utc"
    page = open_page(link)
    expect(query_field(page, "A")).to_have_text("up")
    expect(query_field(page, "B")).to_have_text("node_cpu_usage")
    expect(page.get_by_role("button", name="Draw query A")).to_be_visible()
    expect(page.get_by_role("radio", name="Table")).to_be_checked()
    expect(page.get_by_role("button", name="Time: 2026-01-01 00:00:00 UTC to 2026-01-01 01:00:00 UTC")).to_be_visible()


def test_queries_are_added_moved_and_removed(open_page: OpenPage):
    page = open_page("/explore?q=up")
    page.get_by_role("button", name="Add a query").click()
    page.get_by_role("button", name="Metrics", exact=True).click()
    page.get_by_role("textbox", name="Find a metric").fill("disk")
    page.get_by_role("list", name="Metrics").get_by_role("button", name=re.compile("^node_disk_usage")).click()
    expect(query_field(page, "B")).to_have_text("node_disk_usage")
    page.get_by_role("button", name="Move query B up").click()
    expect(query_field(page, "A")).to_have_text("node_disk_usage")
    page.get_by_role("button", name="Remove query A").click()
    expect(query_field(page, "A")).to_have_text("up")


def test_the_table_shows_the_values_of_now(open_page: OpenPage):
    page = open_page("/explore?q=node_memory_usage&tab=table")
    table = page.get_by_role("table", name="Query A")
    expect(table.get_by_role("cell", name="buffers")).to_be_visible()
    expect(table.get_by_role("columnheader", name="memory_type")).to_be_visible()


def test_status_shows_components_storage_and_the_configuration(open_page: OpenPage):
    page = open_page("/status")
    expect(page.get_by_text(re.compile(r"All \d+ components run|\d+ of \d+ components are starting"))).to_be_visible()
    expect(page.get_by_role("table", name="Components").get_by_role("row", name="storage.committer")).to_be_visible()
    expect(page.get_by_role("region", name="Storage").get_by_text("Queue to storage")).to_be_visible()
    expect(page.get_by_role("region", name="Configuration").locator("pre")).not_to_be_empty()
    largest = page.get_by_role("region", name="Where the series come from")
    expect(largest.get_by_role("link", name="fusewatch_ingest_refused_samples_total")).to_be_visible()


def test_an_event_is_a_mark_in_the_graphs_and_a_line_in_the_status(open_page: OpenPage, server: RunningServer):
    body = b'{"kind": "deployment", "title": "checkout 1.14.2", "id": "a-deployment"}'
    status, _ = server.ask("/api/fusewatch/v1/events", body, **{"Content-Type": "application/json"})
    assert status == 201
    page = open_page("/status")
    expect(page.get_by_role("region", name="Events in this time").get_by_text("checkout 1.14.2")).to_be_visible()
    page.goto(server.url + "/")
    panel = page.get_by_role("region", name="Disk used, per mount")
    panel.get_by_role("button", name="as a table").click()
    expect(panel.get_by_role("list", name="Events in this time").get_by_text("checkout 1.14.2").first).to_be_visible()


def test_nothing_scraped_says_what_would_be(open_page: OpenPage):
    page = open_page("/targets")
    expect(page.get_by_role("heading", name="Nothing is scraped yet")).to_be_visible()
    expect(page.get_by_text("scrape_configs:")).to_be_visible()
