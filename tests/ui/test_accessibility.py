from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.ui.conftest import OpenPage
from tests.ui.test_pages import PAGES, settled

AXE = Path(__file__).parents[2] / "ui/node_modules/axe-core/axe.min.js"


@pytest.mark.skipif(not AXE.is_file(), reason="the UI's packages are not installed")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "path",
    [
        *PAGES,
        "/explore?q=node_memory_usage",
        "/explore?q=node_memory_usage&tab=table",
        "/explore?q=sum(up)&tab=explain",
        "/explore?q=sum by (job) (rate(up{job%3D'a'}[5m])) > 1&build=0",
    ],
)
def test_axe_finds_nothing_to_object_to(open_page: OpenPage, path: str, scheme: str):
    # axe measures with inline styles, which the policy refuses; the policy itself is tested everywhere else.
    page = open_page(path, color_scheme=scheme, bypass_csp=True, reduced_motion="reduce")
    if path in PAGES:
        settled(page, path)
    else:
        expect(page.get_by_role("textbox", name="Query A").or_(page.get_by_role("group", name="Query A in the builder"))).to_be_visible()
        expect(page.get_by_role("region", name="Query A").get_by_text("series").first).to_be_visible()
    nothing_to_object_to(page)


@pytest.mark.skipif(not AXE.is_file(), reason="the UI's packages are not installed")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["Metrics", "History", "Saved", "Display", "Share", "Save Graph"])
def test_nor_to_what_opens_in_explore(open_page: OpenPage, name: str, scheme: str):
    page = open_page("/explore?q=node_memory_usage", color_scheme=scheme, bypass_csp=True, reduced_motion="reduce")
    expect(page.get_by_role("region", name="Graph").locator("canvas")).to_be_visible()
    page.get_by_role("button", name=name, exact=True).click()
    expect(page.get_by_role("dialog", name=name)).to_be_visible()
    nothing_to_object_to(page)


def nothing_to_object_to(page: Page) -> None:
    page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})")
    assert [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found["violations"]] == []
