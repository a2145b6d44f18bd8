"""What Explore draws, and how it is looked at."""

from __future__ import annotations

import json
import re
import subprocess
import time

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.remote_bodies import HEADERS, remote_body
from tests.running import RunningServer
from tests.ui.conftest import CODEMIRROR_ATTRIBUTE, Complaints, OpenPage

MINUTE_MS = 60_000
DAY_MS = 86_400_000
BOUNDS = {"0.1": 3.0, "0.5": 7.0, "+Inf": 8.0}


@pytest.fixture(scope="module", autouse=True)
def samples(server: RunningServer) -> None:
    """Two gauges over the last half hour and the same a day before, and the buckets of a histogram."""
    now = int(time.time() * 1000) // MINUTE_MS * MINUTE_MS
    times = [now - k * MINUTE_MS for k in range(30, -1, -1)]
    gauges = [
        ({"__name__": "drawn", "job": job}, [(at - ago, value) for at in times])
        for ago in (DAY_MS, 0)
        for job, value in (("low", 10.0 + ago / DAY_MS), ("high", 1000.0))
    ]
    buckets = [({"__name__": "waited_seconds_bucket", "le": le}, [(at, count) for at in times]) for le, count in BOUNDS.items()]
    status, _ = server.ask("/api/v1/write", remote_body([*gauges, *buckets]), **HEADERS)
    assert status == 204


@pytest.fixture(autouse=True)
def _tolerated(complaints: Complaints) -> None:
    complaints.tolerated.append(CODEMIRROR_ATTRIBUTE)


def graph(page: Page, name: str = "Graph") -> Locator:
    found = page.get_by_role("region", name=name, exact=True)
    expect(found.locator("canvas")).to_be_visible()
    return found


def choose(page: Page, row: str, choice: str) -> None:
    page.get_by_role("button", name=re.compile("^Display")).click()
    page.get_by_role("radiogroup", name=row).get_by_role("radio", name=choice, exact=True).check()
    page.keyboard.press("Escape")


def legend_names(found: Locator) -> Locator:
    return found.get_by_role("group", name="Legend").get_by_role("rowheader")


def test_buckets_become_a_heat_map_with_the_counts_between_their_bounds(open_page: OpenPage):
    page = open_page("/explore?q=waited_seconds_bucket&from=now-20m")
    expect(page.get_by_text("These are the buckets of a histogram")).to_be_visible()
    choose(page, "Draw as", "Heat map")
    expect(page).to_have_url(re.compile("draw=heat"))
    panel = graph(page, "Query A as a heat map")
    panel.locator(".u-over").hover(position={"x": 200, "y": 20})
    expect(panel.get_by_text("all", exact=True)).to_be_visible()
    panel.get_by_role("button", name="as a table").click()
    table = panel.get_by_role("region", name="as a table")
    expect(table.get_by_role("columnheader")).to_have_text(["Time", "above 500 ms", "100 ms to 500 ms", "0 s to 100 ms"])
    expect(table.get_by_role("row").nth(3).get_by_role("cell")).to_have_text(["1", "4", "3"])


def test_what_has_no_buckets_says_that_a_heat_map_needs_them(open_page: OpenPage):
    page = open_page("/explore?q=drawn&from=now-20m&draw=heat")
    expect(page.get_by_text("A heat map needs native histograms or buckets with le")).to_be_visible()
    graph(page)


def test_what_was_a_day_before_stands_beside_the_present(open_page: OpenPage):
    page = open_page("/explore?q=drawn&from=now-20m")
    choose(page, "Compare with", "1 day before")
    legend = legend_names(graph(page))
    expect(legend).to_have_text(
        ['drawn{job="high"}', 'drawn{job="low"}', 'drawn{job="high"} 1 day before', 'drawn{job="low"} 1 day before'],
    )
    row = page.get_by_role("row", name='drawn{job="low"} 1 day before')
    expect(row.get_by_role("cell").first).to_have_text("11")


def test_a_press_on_a_line_shows_it_alone(open_page: OpenPage):
    page = open_page("/explore?q=drawn&from=now-20m&scale=log")
    found = graph(page)
    over = found.locator(".u-over")
    box = over.bounding_box()
    assert box
    # From 10 to 1,000 on whole decades: the greater value runs along the upper edge.
    over.click(position={"x": box["width"] / 2, "y": 3})
    pressed = found.get_by_role("group", name="Legend").locator("button[aria-pressed=true]")
    expect(pressed).to_have_text(['drawn{job="high"}'])
    over.click(position={"x": box["width"] / 2, "y": 3})
    expect(pressed).to_have_count(2)


def test_a_stack_tells_what_it_is_in_all(open_page: OpenPage):
    page = open_page("/explore?q=drawn&from=now-20m&draw=stacked")
    found = graph(page)
    found.locator(".u-over").hover(position={"x": 200, "y": 100})
    expect(found.get_by_text("1.01 k in all")).to_be_visible()


def test_a_logarithmic_axis_says_what_it_leaves_out(open_page: OpenPage):
    page = open_page("/explore?q=drawn-500&from=now-20m")
    choose(page, "Value axis", "Logarithmic")
    expect(page.get_by_text("Values at or below zero have no place on a logarithmic axis.")).to_be_visible()


def test_one_graph_per_query_and_a_brush_zooms_them_all(open_page: OpenPage):
    page = open_page("/explore?q=drawn&q=waited_seconds_bucket&from=now-20m&apart=yes")
    first, second = graph(page, "Query A"), graph(page, "Query B")
    expect(legend_names(first)).to_have_count(2)
    expect(legend_names(second)).to_have_count(3)
    over = first.locator(".u-over")
    box = over.bounding_box()
    assert box
    over.drag_to(over, source_position={"x": box["width"] * 0.2, "y": 40}, target_position={"x": box["width"] * 0.7, "y": 60})
    expect(page).to_have_url(re.compile(r"from=\d{4}-.*to=\d{4}-"))
    expect(legend_names(second)).to_have_count(3)
    page.keyboard.press("z")
    expect(page).to_have_url(re.compile("from=now-20m"))


def test_a_link_restores_the_display(open_page: OpenPage):
    page = open_page("/explore?q=drawn&from=now-20m&draw=stacked&compare=1w&unit=bytes&band=no")
    expect(page.get_by_role("button", name="Display: stacked, with 1 week before, in bytes, no bands")).to_be_visible()
    expect(page.get_by_role("row", name='drawn{job="high"}').get_by_role("cell").first).to_have_text("1000 B")


def test_on_a_phone_what_opens_lies_within_the_screen(open_page: OpenPage):
    page = open_page("/explore?q=drawn&from=now-20m", viewport={"width": 360, "height": 780})
    for name in ("Display", "History", "Metrics", "Saved"):
        page.get_by_role("button", name=name, exact=True).click()
        box = page.get_by_role("dialog", name=name).bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360
        assert box["y"] + box["height"] <= 780
        assert page.get_by_role("dialog", name=name).evaluate("(sheet) => sheet.scrollWidth <= sheet.clientWidth")
        page.keyboard.press("Escape")


def test_a_long_answer_is_read_beside_the_page(open_page: OpenPage, server: RunningServer):
    """More than a worker is started for: 90 series over an hour, a sample each five seconds."""
    now = int(time.time())
    series = [({"__name__": "long", "n": str(n)}, [((now - 3600 + 5 * k) * 1000, n + k / 7) for k in range(720)]) for n in range(90)]
    status, _ = server.ask("/api/v1/write", remote_body(series), **HEADERS)
    assert status == 204
    page = open_page("/explore?q=long&from=now-1h")
    found = graph(page)
    expect(page.get_by_text(re.compile(r"90 series · .* samples read"))).to_be_visible()
    assert page.evaluate("performance.getEntriesByType('resource').filter((one) => one.name.includes('rangeWorker')).length") > 0
    # Of ninety rows only those in sight are in the page.
    expect(found.get_by_role("table")).to_have_attribute("aria-rowcount", "91")
    expect(legend_names(found)).not_to_have_count(60)
    assert legend_names(found).count() < 40


def test_the_table_shows_courses_and_filters_by_a_press(open_page: OpenPage):
    page = open_page("/explore?q=sum by (job) (drawn)&q=drawn&from=now-20m&tab=table")
    table = page.get_by_role("table", name="Query A")
    expect(table.locator("svg path").first).to_have_attribute("d", re.compile("^M"))
    table.get_by_role("button", name="high").click()
    expect(table.get_by_role("row")).to_have_count(2)
    expect(page.get_by_role("textbox", name="Query A")).to_have_text('sum by (job) (drawn{job="high"})')
    page.get_by_role("table", name="Query B").get_by_role("button", name="high").click(modifiers=["Shift"])
    expect(page.get_by_role("textbox", name="Query B")).to_have_text('drawn{job!="high"}')


def test_a_graph_is_saved_as_a_picture_and_as_values(open_page: OpenPage):
    page = open_page("/explore?q=drawn&from=now-20m")
    graph(page)
    with page.expect_download() as picture:
        page.get_by_role("button", name="Save Graph").click()
        page.get_by_role("button", name="Picture (PNG)").click()
    assert re.fullmatch(r"drawn-[\d-]+\.png", picture.value.suggested_filename)
    content = picture.value.path().read_bytes()
    assert content.startswith(b"\x89PNG")
    assert len(content) > 5000
    with page.expect_download() as values:
        page.get_by_role("button", name="Save Graph").click()
        page.get_by_role("button", name="Values (CSV)").click()
    head, first, *_ = values.value.path().read_text().splitlines()
    assert head == 'time,"drawn{job=""high""}","drawn{job=""low""}"'
    assert first.endswith(",1000,10")


def test_what_is_shared_asks_the_same(open_page: OpenPage, server: RunningServer):
    page = open_page("/explore?q=drawn{job='low'}&from=now-20m", permissions=["clipboard-read", "clipboard-write"])
    graph(page)
    page.get_by_role("button", name="Share").click()
    page.get_by_role("button", name="Copy query A as curl").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    command = page.evaluate("navigator.clipboard.readText()")
    answer = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True, timeout=30)
    assert [one["metric"]["job"] for one in json.loads(answer.stdout)["data"]["result"]] == ["low"]
    expect(page.get_by_role("button", name="Copied")).to_have_count(0)
    page.get_by_role("button", name="Copy link to this window").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert re.search(r"from=\d{4}-.*&to=\d{4}-", page.evaluate("navigator.clipboard.readText()"))


def test_what_is_wrong_is_underlined_while_one_writes(open_page: OpenPage):
    page = open_page("/explore")
    page.get_by_role("textbox", name="Query A").click()
    page.keyboard.type("drawn + rate(drawn)")
    wrong = page.locator(".cm-lintRange-error")
    expect(wrong).to_have_text("drawn")
    wrong.hover()
    expect(page.get_by_text('expected type range vector in call to function "rate", got instant vector')).to_be_visible()
    page.keyboard.press("ArrowLeft")
    page.keyboard.type("[5m] smoothed")
    expect(wrong).to_have_count(0)
