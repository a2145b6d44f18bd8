from __future__ import annotations

import re

from playwright.sync_api import Page, expect
from tests.ui.conftest import OpenPage


def focused(page: Page) -> str:
    """The name of what has the focus."""
    return str(page.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"))


def test_the_first_tab_skips_to_the_page(open_page: OpenPage):
    page = open_page("/targets")
    expect(page.get_by_role("navigation", name="Pages")).to_be_visible()
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the page"
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_every_control_of_the_shell_is_reached_by_tab(open_page: OpenPage):
    page = open_page("/targets")
    expect(page.get_by_role("heading", name="Nothing is scraped yet")).to_be_visible()
    names = []
    for _ in range(20):
        page.keyboard.press("Tab")
        names.append(focused(page))
    for name in ("Overview", "Users", "Fold", "Time: Last 1h", "Refresh now (r)", "Search", "Me: local"):
        assert any(name in reached for reached in names), (name, names)


def test_keys_lead_from_page_to_page(open_page: OpenPage):
    page = open_page("/")
    expect(page.get_by_role("navigation", name="Pages")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("s")
    expect(page).to_have_url(re.compile("/status$"))
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_have_count(0)


def test_the_palette_finds_pages_actions_and_metrics(open_page: OpenPage):
    page = open_page("/")
    expect(page.get_by_role("navigation", name="Pages")).to_be_visible()
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Search")
    expect(field).to_be_focused()
    field.fill("theme dark")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Search").fill("node_memory_usage")
    expect(page.get_by_role("option", name="node_memory_usage Metric")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/explore\?q=node_memory_usage"))


def test_the_time_goes_along_from_page_to_page(open_page: OpenPage):
    page = open_page("/")
    page.get_by_role("button", name="Time: Last 1h").click()
    page.get_by_role("button", name="6h", exact=True).click()
    expect(page).to_have_url(re.compile("from=now-6h"))
    page.get_by_role("link", name="Status").click()
    expect(page).to_have_url(re.compile(r"/status\?from=now-6h"))
    expect(page.get_by_role("button", name="Time: Last 6h")).to_be_visible()


def test_two_points_in_time_are_typed_and_checked(open_page: OpenPage):
    page = open_page("/status?tz=utc")
    page.get_by_role("button", name="Time: Last 1h").click()
    page.get_by_label("From", exact=True).fill("2026-02-03 04:05")
    page.get_by_label("To", exact=True).fill("2026-02-03 04:00")
    expect(page.get_by_text("The end lies before the start")).to_be_visible()
    page.get_by_label("To", exact=True).fill("2026-02-03 05:00")
    page.get_by_role("button", name="Apply").click()
    expect(page).to_have_url(re.compile(r"/status\?.*from=2026-02-03T04:05:00\.000Z&to=2026-02-03T05:00:00\.000Z"))


def test_utc_and_local_are_told_apart(open_page: OpenPage):
    page = open_page("/status?from=2026-01-01T00:00:00.000Z&to=2026-01-01T01:00:00.000Z")
    expect(page.get_by_role("button", name="Time: 2026-01-01 01:00:00 to 2026-01-01 02:00:00")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Time: ")).click()
    page.get_by_role("radio", name="UTC").click()
    expect(page.get_by_role("button", name="Time: 2026-01-01 00:00:00 UTC to 2026-01-01 01:00:00 UTC")).to_be_visible()


def test_the_rail_folds_and_stays_folded(open_page: OpenPage):
    page = open_page("/status")
    page.get_by_role("button", name="Fold").click()
    expect(page.get_by_role("button", name="Unfold")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Unfold")).to_be_visible()


def test_a_page_that_does_not_exist_says_so(open_page: OpenPage):
    page = open_page("/no-such-page")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
