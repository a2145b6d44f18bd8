"""How long frames take while Explore draws a thousand series of 1,500 points, is pointed at, and refreshes.

A real server with the samples, a real Chromium without a graphics card, so slower than anyone's. There is no peer in this run, as Debian's
servers come without their pages; what to compare with is the frame itself, 16.7 ms. ``python -m benchmarks.ui.frames``
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx
from playwright.sync_api import Page, sync_playwright
from tests.remote_bodies import HEADERS, remote_body

from benchmarks.query.servers import running

STEP_MS = 15_000
BATCH = 20
SETTLED_MS = 3_000
WIDE = (1600, 900)
#: Notes how far apart frames were and how long tasks took, from before the page's own code runs.
RECORDER = """
window.frameTimes = []
window.longTasks = []
let last = performance.now()
const frame = () => {
  const now = performance.now()
  window.frameTimes.push(now - last)
  last = now
  requestAnimationFrame(frame)
}
frame()
const watch = (list) => list.getEntries().forEach((task) => window.longTasks.push(task.duration))
new PerformanceObserver(watch).observe({ entryTypes: ['longtask'] })
"""
TAKE = "() => [window.frameTimes.splice(0).sort((one, other) => one - other), window.longTasks.splice(0)]"


def load(url: str, series: int, points: int) -> None:
    """Writes random walks that end now."""
    end = int(time.time() * 1000) // STEP_MS * STEP_MS
    times = [end - (points - 1 - k) * STEP_MS for k in range(points)]
    draw = random.Random(5)
    with httpx.Client(timeout=60) as client:
        for first in range(0, series, BATCH):
            names = [f"i{number:04d}" for number in range(first, min(first + BATCH, series))]
            walks = [({"__name__": "many", "instance": name}, zip(times, walk(draw, points), strict=True)) for name in names]
            client.post(f"{url}/api/v1/write", content=remote_body(walks), headers=HEADERS).raise_for_status()


def walk(draw: random.Random, points: int) -> list[float]:
    """A random walk."""
    value, found = draw.uniform(0, 100), []
    for _ in range(points):
        value += draw.gauss(0, 1)
        found.append(value)
    return found


def drawn(page: Page) -> None:
    """Waits until the lines are drawn: the answer is there, and frames have passed."""
    page.get_by_text("samples read").wait_for(timeout=60_000)
    page.wait_for_timeout(SETTLED_MS)


def point_at_lines(page: Page) -> None:
    """Moves over the graph."""
    for step in range(120):
        page.mouse.move(400 + step * 8, 450 + step % 20 * 5)


def point_at_legend(page: Page) -> None:
    """Moves over the legend: each line in turn stands out from the others."""
    for step in range(60):
        page.mouse.move(400, 720 + step * 2)


def scroll_legend(page: Page) -> None:
    """To its end and back."""
    for by in (4_000, 40_000, -44_000):
        page.mouse.wheel(0, by)
        page.wait_for_timeout(500)


def refresh(page: Page) -> None:
    """Asks for all of it again, and draws it."""
    page.mouse.move(0, 0)
    page.keyboard.press("r")
    page.wait_for_timeout(2 * SETTLED_MS)


STAGES: dict[str, Callable[[Page], None]] = {
    "open": drawn,
    "pointer over the lines": point_at_lines,
    "pointer over the legend": point_at_legend,
    "legend scrolled": scroll_legend,
    "refreshed": refresh,
}


def report(page: Page, stage: str) -> None:
    """Prints the frames since the last report."""
    frames, tasks = page.evaluate(TAKE)
    middle, late = frames[len(frames) // 2], frames[int(len(frames) * 0.99)]
    print(f"{stage:<26}{len(frames):>7}{middle:>9.1f}{late:>9.1f}{frames[-1]:>9.1f}   {len(tasks)}, {max(tasks, default=0):.0f} ms")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=1000)
    parser.add_argument("--points", type=int, default=1500)
    options = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        parser.error("chromium is not installed: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder, running("Fusewatch", Path(folder) / "server") as server, sync_playwright() as playwright:
        load(server.url, options.series, options.points)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": WIDE[0], "height": WIDE[1]})
        page.add_init_script(RECORDER)
        page.goto(f"{server.url}/explore?q=many&from=now-{options.points * STEP_MS // 1000}s&refresh=off")
        print(f"{'ms a frame':<26}{'frames':>7}{'p50':>9}{'p99':>9}{'most':>9}   tasks above 50 ms")
        for stage, act in STAGES.items():
            act(page)
            report(page, stage)
        browser.close()


if __name__ == "__main__":
    main()
