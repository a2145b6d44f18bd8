from __future__ import annotations

import asyncio

import pytest

from fusewatch.documents.problems import SettingsError
from fusewatch.server.configuration import Configuration, show_settings
from fusewatch.server.own_metrics import OwnMetrics
from fusewatch.server.settings.loading import parse_settings
from fusewatch.server.settings.source import SettingsSource
from fusewatch.telemetry.clock import SystemClock
from fusewatch.telemetry.events import Event


class Events:
    def __init__(self) -> None:
        self.written: list[Event] = []

    async def write_event(self, event: Event) -> None:
        self.written.append(event)


class Applied:
    def __init__(self) -> None:
        self.jobs: list[list[str]] = []

    async def __call__(self, settings) -> None:
        self.jobs.append([config.job_name for config in settings.scrape_configs])


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "fusewatch.yml"
    file.write_text("scrape_configs: [{job_name: one}]\n")
    return file


def configuration(file, applied, events) -> Configuration:
    source = SettingsSource(file)
    return Configuration(source=source, settings=source.load(), clock=SystemClock(), metrics=OwnMetrics(), events=events, apply=[applied])


def successful(configuration: Configuration) -> float | None:
    return configuration._metrics.registry.get_sample_value("fusewatch_config_last_reload_successful")


def test_a_reload_applies_notes_and_shows_the_new_settings(file):
    async def scenario():
        applied, events = Applied(), Events()
        current = configuration(file, applied, events)
        file.write_text("scrape_configs: [{job_name: two}]\nhost: {interval: 5s}\n")
        await current.reload()
        assert applied.jobs == [["two"]]
        assert current.ok
        assert "job_name: two" in current.effective()
        assert [(event.kind, event.text) for event in events.written] == [("configuration", "Changed: scrape_configs, host.")]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("hosts: {}\n", 'unknown key (did you mean "host"?)'),
        ("scrape_configs: [{job_name: a, bearer_token_file: gone}]\n", "can't be read: No such file or directory"),
        ("listen: 127.0.0.1:1\n", "can't be changed while the server runs"),
        ("data: elsewhere\n", "can't be changed while the server runs"),
        ("storage: {url: 'chdb:///elsewhere'}\n", "can't be changed while the server runs"),
        (None, "can't be read: No such file or directory"),
    ],
)
def test_what_can_not_be_used_changes_nothing_and_is_remembered_until_it_is_mended(file, text, problem):
    async def scenario():
        applied, events = Applied(), Events()
        current = configuration(file, applied, events)
        assert (current.problem(), successful(current)) == (None, 1)
        before = file.read_text()
        file.write_text(text) if text else file.unlink()
        with pytest.raises(SettingsError):
            await current.reload()
        assert (applied.jobs, events.written, successful(current)) == ([], [], 0)
        assert problem in (current.problem() or "")
        assert "job_name: one" in current.effective()
        file.write_text(before)
        await current.reload()
        assert (current.problem(), successful(current)) == (None, 1)

    asyncio.run(scenario())


def test_the_command_line_stays_above_the_file(file):
    source = SettingsSource(file, data="/srv/data", listen=":80")
    file.write_text("data: other\nlisten: :81\n")
    assert (source.load().data, source.load().listen) == ("/srv/data", ":80")


def test_a_bad_option_is_told_like_a_problem(file):
    with pytest.raises(SettingsError, match=r"--listen: expected HOST:PORT such as 127\.0\.0\.1:9470, not 'nowhere'"):
        SettingsSource(file, listen="nowhere").load()


def test_secrets_are_never_shown(tmp_path):
    text = """
scrape_configs:
  - job_name: a
    basic_auth: {username: me, password: hunter2}
    http_headers: {X-Key: {secrets: [hunter2]}}
  - job_name: b
    authorization: {credentials: "${TOKEN}"}
    proxy_url: http://me:hunter2@proxy:3128
records: {url: "postgresql://me:hunter2@db/fusewatch"}
events: {webhooks: {github: {secret: hunter2}}}
"""
    settings = parse_settings(text, file="f", base=tmp_path, environ={"TOKEN": "hunter2"})
    shown = show_settings(settings)
    assert "hunter2" not in shown
    assert shown.count("<secret>") == 6
    assert "username: me" in shown
