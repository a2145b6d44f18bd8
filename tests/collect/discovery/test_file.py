from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
from tests.collect.exporter import job, scraping
from tests.collect.memory import MemorySink

from fusewatch.collect.discovery.config import FileSdConfig
from fusewatch.collect.discovery.file import FileDiscovery
from fusewatch.collect.discovery.watch import DirectoryWatch
from fusewatch.telemetry.clock import SystemClock


class Published:
    """What a discovery published last, awaited."""

    def __init__(self):
        self.groups = None
        self._news = asyncio.Event()

    def __call__(self, groups):
        self.groups = groups
        self._news.set()

    @property
    def addresses(self):
        return sorted(target["__address__"] for group in self.groups or () for target in group.targets)

    async def until(self, *addresses):
        async with asyncio.timeout(20):
            while self.groups is None or self.addresses != sorted(addresses):
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def discovering(folder, *files, refresh="1h"):
    watch = DirectoryWatch()
    config = FileSdConfig.model_validate({"files": files, "refresh_interval": refresh})
    discovery, published = FileDiscovery(config, base_dir=folder, watch=watch, clock=SystemClock()), Published()
    tasks = [asyncio.create_task(watch.run()), asyncio.create_task(discovery.run(published))]
    try:
        yield discovery, published
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def test_json_and_yaml_files_name_targets(tmp_path):
    (tmp_path / "a.json").write_text('[{"targets": ["a:1"], "labels": {"env": "prod", "shard": 1}}]')
    (tmp_path / "b.yml").write_text("- targets: ['b:1', 'b:2']\n- targets: ['b:3']\n")

    async def work():
        async with discovering(tmp_path, "*.json", "b.yml") as (discovery, published):
            await published.until("a:1", "b:1", "b:2", "b:3")
            group = next(group for group in published.groups if group.labels.get("env"))
            assert group.labels == {"env": "prod", "shard": "1", "__meta_filepath": str(tmp_path / "a.json")}
            assert discovery.last_error == ""

    asyncio.run(work())


def test_changes_are_taken_up_at_once(tmp_path):
    file = tmp_path / "targets.json"
    file.write_text('[{"targets": ["a:1"]}]')

    async def work():
        async with discovering(tmp_path, "*.json") as (_, published):
            await published.until("a:1")
            file.write_text('[{"targets": ["a:1", "a:2"]}]')
            await published.until("a:1", "a:2")
            (tmp_path / "more.json").write_text('[{"targets": ["b:1"]}]')
            await published.until("a:1", "a:2", "b:1")
            file.unlink()
            await published.until("b:1")

    asyncio.run(work())


def test_a_folder_may_come_later(tmp_path):
    async def work():
        async with discovering(tmp_path, "later/*.json") as (_, published):
            await published.until()
            (tmp_path / "later").mkdir()
            (tmp_path / "later" / "a.json").write_text('[{"targets": ["a:1"]}]')
            await published.until("a:1")

    asyncio.run(work())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("[{", "targets.json"),
        ('{"targets": []}', "expected a list of target groups"),
        ('[{"targets": "a:1"}]', "targets must be a list"),
        ('[{"targets": [1]}]', "targets must be a list"),
        ('[{"targets": [], "labels": []}]|', "targets.json"),
        ('[{"targets": ["a:1"], "labels": ["x"]}]', "labels must be a mapping"),
        ('[{"target": ["a:1"]}]', "expected a target group"),
    ],
)
def test_a_bad_file_keeps_its_targets_and_is_visible(tmp_path, content, reason):
    file = tmp_path / "targets.json"
    file.write_text('[{"targets": ["a:1"]}]')

    async def work():
        async with discovering(tmp_path, "*.json", refresh="50ms") as (discovery, published):
            await published.until("a:1")
            file.write_text(content)
            (tmp_path / "good.json").write_text('[{"targets": ["b:1"]}]')
            await published.until("a:1", "b:1")
            assert reason in discovery.last_error
            file.write_text('[{"targets": ["a:2"]}]')
            await published.until("a:2", "b:1")
            assert discovery.last_error == ""

    asyncio.run(work())


def test_ten_thousand_targets_are_taken_up_without_stopping_the_loop(tmp_path):
    file = tmp_path / "targets.json"

    def write(*ports):
        groups = [
            {"targets": [f"host-{number}.invalid:{port}" for number in range(5_000)], "labels": {"port": str(port)}} for port in ports
        ]
        (tmp_path / "new").write_text(json.dumps(groups))
        (tmp_path / "new").rename(file)

    async def work():
        rule = {"source_labels": ["__address__"], "regex": "host-(.*).invalid:.*", "target_label": "host"}
        config = job(
            file_sd_configs=[{"files": [str(file)], "refresh_interval": "200ms"}],
            relabel_configs=[rule],
            scrape_interval="1h",
            scrape_timeout="10s",
        )
        async with scraping(MemorySink(), config) as manager:

            async def until(count, port):
                async with asyncio.timeout(60):
                    while not _is(manager.targets().active, count, port):  # noqa: ASYNC110
                        await asyncio.sleep(0.1)  # nobody is told when a list is taken up

            write(1)
            await until(5_000, "1")
            write(1, 2)
            await until(10_000, "2")
            write(2)
            await until(5_000, "2")
            assert {target.labels["host"] for target in manager.targets().active} == {str(number) for number in range(5_000)}

    asyncio.run(work())


def _is(targets, count, port):
    return len(targets) == count and targets[-1].labels["port"] == port
