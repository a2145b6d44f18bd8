"""``fusewatch backup`` and ``fusewatch restore`` as users run them, without a server and with one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.running import RunningServer
from tests.storage.conftest import NOW, ManualClock, write

from fusewatch.cli.main import fusewatch
from fusewatch.records.config import RecordsSettings
from fusewatch.records.database import Database
from fusewatch.storage.config import StorageSettings
from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.labels import Labels


def run(*arguments: object, env: dict[str, str] | None = None):
    """A command that opens no store in this process."""
    return CliRunner().invoke(fusewatch, [str(one) for one in arguments], env=env, catch_exceptions=False)


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own."""
    line = [sys.executable, "-m", "fusewatch", *(str(one) for one in arguments)]
    return subprocess.run(line, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the data folder ``data`` and two backups of it in ``target``."""
    folder = tmp_path_factory.mktemp("made")
    store = MetricStore.open(StorageSettings(), folder / "data", clock=ManualClock())
    write(store, {Labels({"__name__": "up"}): {NOW - k * 15_000: k / 7 for k in range(2000)}})
    store.close()
    Database.open(RecordsSettings(), folder / "data").close()
    for _ in range(2):
        done = command("backup", folder / "target", "--data", folder / "data")
        assert done.returncode == 0, done.stderr
    return folder


def names(made: Path) -> list[str]:
    return [line.split("\t")[0] for line in run("backup", "list", made / "target").stdout.splitlines()]


def test_backups_are_listed_with_their_time_and_size(made):
    first, second = run("backup", "list", made / "target").stdout.splitlines()
    assert first < second
    assert second.split("\t")[3] == "0 B new"
    assert second.split("\t")[4].endswith(f":{made}/data")


def test_verify_restores_into_a_scratch_folder_and_leaves_nothing_there(made, tmp_path):
    done = run("backup", "verify", made / "target", "--restore", "--scratch", tmp_path)
    assert done.exit_code == 0
    assert "2 backups checked: all is as it was written" in done.stderr
    assert "was restored and opened: 1 series, samples until 2026-09-28 00:00:00Z" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_restore_says_what_would_be_lost(made, tmp_path):
    done = run("restore", made / "target", "--data", tmp_path / "new")
    assert done.exit_code == 0, done.stderr
    assert f"start it with: fusewatch up --data {tmp_path}/new" in done.stderr
    again = run("restore", made / "target", "--data", tmp_path / "new")
    assert again.exit_code == 1
    assert again.stderr.startswith(f"fusewatch: {tmp_path}/new holds a store of ")
    assert "which would be lost: --force replaces it" in again.stderr
    assert run("restore", made / "target", "--data", tmp_path / "new", "--force", "--backup", names(made)[0]).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["backup", "list", "TARGET/gone"], "fusewatch: there is no folder "),
        (["backup", "list"], "fusewatch: name a target: a folder, or s3://bucket/prefix"),
        (["backup", "prune", "TARGET"], "fusewatch: say what to keep: --keep-last"),
        (["backup", "TARGET", "--data", "gone"], "fusewatch: there is no data folder "),
        (["backup", "verify", "TARGET", "--backup", "x"], "fusewatch: TARGET has no backup x; "),
        (["restore", "TARGET", "--backup", "x", "--data", "NEW"], "fusewatch: TARGET has no backup x; `fusewatch backup list` shows them"),
        (["restore", "TARGET", "--at", "2020-01-01", "--data", "NEW"], "fusewatch: TARGET has no backup of that time or before"),
        (["restore", "TARGET", "--at", "soon", "--data", "NEW"], "fusewatch: not a time: 'soon'"),
    ],
)
def test_what_can_not_be_done_is_one_line(made, tmp_path, arguments, message):
    texts = {"TARGET": str(made / "target"), "NEW": str(tmp_path / "new")}
    done = run(*[texts.get(word, word.replace("TARGET", texts["TARGET"])) for word in arguments])
    assert done.exit_code != 0
    assert (done.stderr or done.stdout).startswith(message.replace("TARGET", texts["TARGET"]))
    assert len((done.stderr or done.stdout).splitlines()) == 1


@pytest.mark.e2e
def test_a_running_server_makes_its_own_backup_and_the_restored_folder_starts(tmp_path):
    config = f"backup: {{target: {tmp_path}/target, every: 1h}}\nhost: {{interval: 1s}}\n"
    with RunningServer(tmp_path / "data", config=config) as server:
        server.wait_for(lambda: server.query("node_memory_usage"))
        done = command("backup", "create", "--data", tmp_path / "data", "--server", server.url)
        assert done.returncode == 0, done.stderr
        # One may have been due meanwhile, too.
        assert done.stdout.split("\t")[0] in {run["backup"] for run in server.json("/api/fusewatch/v1/backups")["runs"]}
        events = server.json("/api/fusewatch/v1/events?kind=backup")["events"]
        assert {event["title"] for event in events} == {f"Backed up to {tmp_path}/target"}
        entries = server.json("/api/fusewatch/v1/audit")
        assert "backup.start" in json.dumps(entries)
        assert server.json("/health")["backup"]["overdue"] is False
        assert b"fusewatch_backup_last_success_timestamp_seconds" in server.ask("/metrics")[1]
        seen = server.query('count(count_over_time({__name__=~".+"}[5m]))')[0]["value"][1]
    assert command("restore", tmp_path / "target", "--data", tmp_path / "new").returncode == 0
    assert (tmp_path / "new/fusewatch.yml").read_text() == config
    with RunningServer(tmp_path / "new", "--config", str(tmp_path / "new/fusewatch.yml")) as server:
        found = server.query('count(count_over_time({__name__=~".+"}[1h]))')[0]["value"][1]
        assert int(found) >= int(seen) // 2
