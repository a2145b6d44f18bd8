from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.running import RunningServer
from tests.ui.conftest import Complaints, OpenPage

#: Passwords are hashed slowly on purpose, and slower still while other tests want the cores.
HASHING_MS = 30_000
PASSWORD = "a long enough password"  # of a server that lives for one test


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[RunningServer]:
    """A server whose users a test may change."""
    with RunningServer(tmp_path / "data") as running:
        yield running


def add_user(page: Page, name: str, password: str) -> None:
    form = page.get_by_role("form", name="Add a user")
    form.get_by_label("New user").fill(name)
    form.get_by_role("textbox", name="Password").fill(password)
    form.get_by_role("button", name="Add").click()


def log_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_role("textbox", name="Password").fill(password)
    page.get_by_role("button", name="Log in").click()


@pytest.mark.timeout(240)
def test_the_first_user_brings_the_login_and_the_login_leads_back(own_server: RunningServer, open_page: OpenPage, complaints: Complaints):
    complaints.tolerated += ["401 (Unauthorized)", "400 (Bad Request)", "422 (Unprocessable", "409 (Conflict)"]
    page = open_page("/users", url=own_server.url)
    expect(page.get_by_role("heading", name="No user yet")).to_be_visible()
    add_user(page, "ada", PASSWORD)

    # From here on everybody logs in, and comes back to where they were going.
    expect(page.get_by_role("heading", name="Log in to Fusewatch")).to_be_visible(timeout=HASHING_MS)
    log_in(page, "ada", "not the password")
    expect(page.get_by_role("alert")).to_be_visible(timeout=HASHING_MS)
    log_in(page, "ada", PASSWORD)
    expect(page).to_have_url(re.compile("/users"), timeout=HASHING_MS)
    expect(page.get_by_role("table", name="Users").get_by_role("row", name="ada")).to_be_visible()

    # A token is shown once.
    form = page.get_by_role("form", name="Make a token")
    form.get_by_label("New token for").fill("grafana")
    form.get_by_role("button", name="Make").click()
    expect(page.get_by_text(re.compile("^fw_"))).to_be_visible()
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_text(re.compile("^fw_"))).to_have_count(0)

    # A change asks once more in its place, and the trail names who made it.
    tokens = page.get_by_role("table", name="Tokens")
    tokens.get_by_role("button", name="Revoke grafana for good").click()
    tokens.get_by_role("button", name="Revoke grafana for good").click()
    expect(page.get_by_role("heading", name="No token yet")).to_be_visible()
    expect(page.get_by_role("table", name="Audit trail").get_by_role("cell", name="ada").first).to_be_visible()

    # The last admin cannot go, and the server says why.
    users = page.get_by_role("table", name="Users")
    users.get_by_role("button", name="Delete ada for good").click()
    users.get_by_role("button", name="Delete ada for good").click()
    expect(page.get_by_role("alert").get_by_role("heading", name="Nothing was changed")).to_be_visible()

    page.get_by_role("button", name="Me: ada").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in to Fusewatch")).to_be_visible()


@pytest.mark.timeout(240)
def test_targets_say_which_are_down_and_why(open_page: OpenPage, tmp_path: Path, server: RunningServer):
    address = server.url.removeprefix("http://")
    config = f"""
scrape_configs:
  - job_name: fusewatch
    scrape_interval: 1s
    static_configs: [{{targets: ["{address}"]}}]
  - job_name: gone
    scrape_interval: 1s
    static_configs: [{{targets: ["127.0.0.1:1"]}}]
"""
    with RunningServer(tmp_path / "data", config=config) as scraping:
        scraping.wait_for(lambda: {one["health"] for one in scraping.json("/api/fusewatch/v1/targets")["targets"]} == {"up", "down"})
        page = open_page("/targets", url=scraping.url)
        table = page.get_by_role("table", name="Targets")
        expect(table.get_by_role("row", name="down gone")).to_be_visible()
        expect(page.get_by_role("button", name="gone all 1 down")).to_be_visible()
        page.get_by_role("radio", name=re.compile("^up")).click()
        expect(page).to_have_url(re.compile("health=up"))
        expect(table.get_by_role("row", name="down gone")).to_have_count(0)
        page.goto(scraping.url + "/targets?find=127.0.0.1:1/")
        table.get_by_role("row", name="down gone").focus()
        page.keyboard.press("Enter")
        drawer = page.get_by_role("dialog")
        expect(drawer.get_by_text("Last error")).to_be_visible()
        expect(drawer.get_by_text("__address__")).to_be_visible()
        page.keyboard.press("Escape")
        expect(drawer).to_have_count(0)
        page.close()  # before its server, which it would miss
