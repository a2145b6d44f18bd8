"""A real Chromium before a real server. A page that logs an error, or breaks the Content-Security-Policy, fails its test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright
from tests.running import RunningServer

CHROMIUM = shutil.which("chromium")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDE = {"width": 1440, "height": 900}
BUILT = Path(__file__).parents[2] / "src/fusewatch/server/static/index.html"
#: What a browser says when a server that a test has stopped does not answer, or refuses what a test asked it to refuse.
EXPECTED_WITHOUT_SERVER = ("net::ERR_", "503 (Service Unavailable)")
#: CodeMirror measures with a style attribute, once, when it is typed into; the policy refuses it and nothing is missing.
CODEMIRROR_ATTRIBUTE = "style-src-attr"

OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, skipped where it, or the built UI, is missing.

    For one module: its driver keeps an event loop running in this thread, which tests of other modules must not find.
    """
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    if not BUILT.is_file():
        pytest.skip("the web UI is not built: make install")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield started
        started.close()


class Complaints:
    """What a page complains about while it is used."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.tolerated: list[str] = []

    def heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.add(message.text)

    def add(self, text: str) -> None:
        if not any(part in text for part in self.tolerated):
            self.texts.append(text)


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """Checked when the test ends; a test that provokes an error names it in ``tolerated``."""
    heard = Complaints()
    yield heard
    assert heard.texts == []


@pytest.fixture
def open_page(browser: Browser, server: RunningServer, complaints: Complaints) -> Iterator[OpenPage]:
    """Opens a path of the server in a browser of its own: ``open_page("/targets", color_scheme="dark")``."""
    contexts: list[BrowserContext] = []

    def opened(path: str, *, url: str = "", **context: object) -> Page:
        made = browser.new_context(**{"viewport": WIDE, "timezone_id": "Europe/Berlin", **context})  # type: ignore[arg-type]
        contexts.append(made)
        page = made.new_page()
        page.set_default_timeout(15_000)
        page.on("console", complaints.heard)
        page.on("pageerror", lambda error: complaints.add(str(error)))
        page.goto((url or server.url) + path)
        return page

    yield opened
    for context in contexts:
        context.close()
