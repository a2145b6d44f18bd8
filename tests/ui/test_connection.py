from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect
from tests.running import RunningServer
from tests.ui.conftest import EXPECTED_WITHOUT_SERVER, Complaints, OpenPage


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[RunningServer]:
    """A server that a test may stop."""
    with RunningServer(tmp_path / "data") as running:
        yield running


@pytest.mark.timeout(240)
def test_a_server_that_goes_is_noticed_within_five_seconds_and_its_return_by_itself(
    open_page: OpenPage, own_server: RunningServer, complaints: Complaints
):
    complaints.tolerated += EXPECTED_WITHOUT_SERVER
    # A page asks up to the last whole second.
    own_server.wait_for(lambda: own_server.query("node_memory_usage{memory_type='used'}", time=str(int(time.time()))))
    page = open_page("/?refresh=off", url=own_server.url)
    expect(page.get_by_role("region", name="Memory by type").locator("canvas")).to_be_visible()
    # The other pages are fetched while there is time.
    own_server.wait_for(lambda: page.evaluate("performance.getEntriesByType('resource').some((one) => one.name.includes('StatusPage'))"))
    own_server.stop()
    notice = page.get_by_text(re.compile(r"The server does not answer.*as of \d\d:\d\d:\d\d"))
    expect(notice).to_be_visible(timeout=5000)
    expect(page.get_by_role("region", name="Memory by type").get_by_text(re.compile(r"as of \d\d:\d\d:\d\d"))).to_be_visible()
    expect(page.get_by_role("region", name="Memory by type").locator("canvas")).to_be_visible()

    page.get_by_role("link", name="Status").click()
    expect(notice).to_be_visible()
    with RunningServer(own_server.data, f"--listen={urlsplit(own_server.url).netloc}"):
        expect(page.get_by_text("The server does not answer")).to_have_count(0, timeout=10_000)
        expect(page.get_by_text(re.compile(r"All \d+ components run|\d+ of \d+ components are starting"))).to_be_visible()
