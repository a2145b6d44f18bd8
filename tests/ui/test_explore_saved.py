"""Queries that are saved for everybody."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect
from tests.ui.conftest import OpenPage


def saved(page: Page):
    page.get_by_role("button", name="Saved", exact=True).click()
    return page.get_by_role("dialog", name="Saved")


def test_what_is_shown_is_saved_found_replaced_and_deleted(open_page: OpenPage):
    page = open_page("/explore?q=node_load1&q=up&hide=1&draw=stacked&from=now-6h")
    sheet = saved(page)
    expect(sheet.get_by_text("Nothing is saved yet")).to_be_visible()
    sheet.get_by_label("Save what is shown as").fill("Load of the day")
    sheet.get_by_label("What it is for").fill("stacked per core")
    sheet.get_by_role("button", name="Save", exact=True).click()
    entry = sheet.get_by_role("button", name=re.compile("^Load of the day"))
    expect(entry).to_contain_text("stacked per core · local")

    # Somebody else opens it in a time of their own.
    other = open_page("/explore?q=nothing&from=now-30m&scale=log")
    sheet = saved(other)
    sheet.get_by_label("Find a saved query").fill("node_load1 day")
    sheet.get_by_role("button", name=re.compile("^Load of the day")).click()
    expect(other).to_have_url(re.compile(r"\?from=now-30m&draw=stacked&q=node_load1&q=up&hide=1$"))
    expect(other.get_by_role("textbox", name="Query A")).to_have_text("node_load1")

    other.get_by_role("button", name="Remove query B").click()
    sheet = saved(other)
    sheet.get_by_label("Save what is shown as").fill("Load of the day")
    sheet.get_by_role("button", name="Replace").click()
    entry = sheet.get_by_role("button", name=re.compile("^Load of the day"))
    expect(entry.locator("code")).to_have_text(["node_load1"])
    sheet.get_by_role("button", name="Delete Load of the day for everybody").click()
    sheet.get_by_role("button", name="Delete Load of the day for everybody").click()
    expect(sheet.get_by_text("Nothing is saved yet")).to_be_visible()


def test_without_a_query_there_is_nothing_to_save(open_page: OpenPage):
    sheet = saved(open_page("/explore"))
    expect(sheet.get_by_text("Run a query, and it can be saved here.")).to_be_visible()
