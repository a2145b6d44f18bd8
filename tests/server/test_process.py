"""The real program: started, stopped, killed, reloaded and refused as users would."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import urllib.request

import psutil
import pytest
from tests.running import RunningServer

pytestmark = pytest.mark.e2e


def up(*arguments: str, cwd) -> subprocess.CompletedProcess[str]:
    """``fusewatch up`` that is expected to end by itself."""
    command = [sys.executable, "-m", "fusewatch", "up", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=60, check=False)


def test_it_prints_where_it_is_and_what_it_watches(server):
    assert "Fusewatch" in server.output
    assert str(server.data) in server.output
    assert "watching       this machine, every 15s" in server.output


def test_it_is_healthy_and_ready_with_every_component_up(server):
    assert server.status("/-/healthy") == server.status("/-/ready") == server.status("/health/live") == 200
    answer = server.json("/health/ready")
    assert answer["status"] == "ready"
    assert {component["state"] for component in answer["components"]} == {"running"}
    assert server.json("/health")["reasons"] == []


def test_its_own_metrics_are_exposed_and_stored(server):
    status, body = server.ask("/metrics")
    assert status == 200
    for name in ("process_cpu_seconds_total", "fusewatch_event_loop_lag_seconds_bucket", 'fusewatch_component_up{component="scrape"} 1.0'):
        assert name in body.decode()
    [stored] = server.wait_for(lambda: server.query("fusewatch_build_info"))
    assert stored["metric"]["job"] == "fusewatch"
    assert b"\nfusewatch_scrape_scrapes_total 0.0" in body


def test_unknown_paths_of_apis_and_assets_are_404_and_wrong_methods_405(server):
    assert server.status("/api/v1/nothing") == server.status("/assets/nothing.js") == 404
    assert server.status("/-/reload") == 405


def test_the_openapi_document_describes_our_own_api(server):
    paths = server.json("/api/fusewatch/v1/openapi.json")["paths"]
    assert {"/api/fusewatch/v1/host", "/api/fusewatch/v1/events", "/api/fusewatch/v1/users"} <= set(paths)


def test_a_second_server_on_the_same_folder_is_refused_in_one_line(server, tmp_path):
    done = up("--data", str(server.data), "--listen", "127.0.0.1:0", cwd=tmp_path)
    assert done.returncode == 3
    assert done.stderr.startswith("fusewatch: ")
    assert f"{server.data} is in use by another Fusewatch" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_taken_port_is_refused_in_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = up("--data", str(tmp_path / "data"), "--listen", f"127.0.0.1:{port}", cwd=tmp_path)
    assert done.returncode == 3
    assert done.stderr == (
        f"fusewatch: can't listen on 127.0.0.1, port {port}: the port is taken, perhaps by another Fusewatch; "
        "choose one with --listen HOST:PORT\n"
    )


def test_other_machines_are_not_served_without_authentication(tmp_path):
    done = up("--data", str(tmp_path / "data"), "--listen", "0.0.0.0:0", cwd=tmp_path)
    assert done.returncode == 3
    assert "needs authentication" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_configuration_that_can_not_be_used_is_refused_with_every_problem(tmp_path):
    (tmp_path / "fusewatch.yml").write_text("hosts: {}\nquery: {timeout: soon}\n")
    done = up("--data", str(tmp_path / "data"), cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        'fusewatch.yml:1: hosts: unknown key (did you mean "host"?)',
        "fusewatch.yml:2: query.timeout: not a valid duration: 'soon' (write it like 15s, 1h30m or 500ms)",
    ]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly(tmp_path, number):
    server = RunningServer(tmp_path / "data").wait_until_ready()
    engine = psutil.Process(server.engine)
    server.process.send_signal(number)
    assert server.wait() == 0
    assert not engine.is_running()
    assert "Traceback" not in server.output


def test_an_engine_that_is_killed_comes_back_on_the_same_port_with_what_was_acknowledged(tmp_path):
    with RunningServer(tmp_path / "data") as server:
        event = {"kind": "deployment", "title": "api 1.2", "id": "d1"}
        assert server.ask("/api/fusewatch/v1/events", json.dumps(event).encode(), **{"Content-Type": "application/json"})[0] == 201
        killed = server.kill_engine()
        # The port stays open: this waits for the next engine instead of being refused.
        events = server.json("/api/fusewatch/v1/events")["events"]
        assert server.engine != killed
        assert [found["title"] for found in events] == ["api 1.2"]
        assert "was ended by SIGKILL; starting it again" in server.output


def test_when_the_parent_dies_the_engine_stops(tmp_path):
    server = RunningServer(tmp_path / "data").wait_until_ready()
    engine = psutil.Process(server.engine)
    os.kill(server.process.pid, signal.SIGKILL)
    engine.wait(timeout=20)
    server.wait()


def test_a_hangup_reloads_all_or_nothing(tmp_path):
    config = "scrape_configs:\n  - {job_name: first, static_configs: [{targets: ['127.0.0.1:1']}]}\n"
    with RunningServer(tmp_path / "data", config=config) as server:

        def jobs() -> list[str]:
            return [target["job"] for target in server.json("/api/fusewatch/v1/targets")["targets"]]

        def metric(name: str) -> str:
            return next(line for line in server.ask("/metrics")[1].decode().splitlines() if line.startswith(name)).split()[1]

        server.wait_for(lambda: jobs() == ["first"])
        server.config.write_text(config.replace("first", "second"))
        os.kill(server.process.pid, signal.SIGHUP)
        server.wait_for(lambda: jobs() == ["second"])

        server.config.write_text(config.replace("first", "third") + "hosts: {}\n")
        os.kill(server.process.pid, signal.SIGHUP)
        server.wait_for(lambda: metric("fusewatch_config_last_reload_successful") == "0.0")
        assert jobs() == ["second"]
        titles = [finding["title"] for finding in server.json("/api/fusewatch/v1/findings")["findings"]]
        assert any("configuration" in title for title in titles)

        status, body = server.ask("/-/reload", b"")
        assert status == 400
        [problem] = json.loads(body)["error"]["problems"]
        assert (problem["line"], problem["key"], problem["nearest"]) == (3, "hosts", "host")

        server.config.write_text(config.replace("first", "third") + "access: {session_lifetime: 1h}\n")
        assert b"can't be changed while the server runs" in server.ask("/-/reload", b"")[1]
        assert jobs() == ["second"]

        server.config.write_text(config.replace("first", "fourth"))
        assert server.ask("/-/reload", b"")[0] == 200
        server.wait_for(lambda: jobs() == ["fourth"])
        assert metric("fusewatch_config_last_reload_successful") == "1.0"
        events = server.json("/api/fusewatch/v1/events?kind=configuration")["events"]
        assert [event["text"] for event in events] == ["Changed: scrape_configs."] * 2
        [entry] = server.json("/api/fusewatch/v1/audit")["entries"]
        assert (entry["actor"], entry["action"], entry["target"]) == ("local", "configuration.reload", str(server.config))


def test_users_added_while_it_runs_are_asked_for_soon(tmp_path):
    with RunningServer(tmp_path / "data") as server:
        assert server.status("/api/fusewatch/v1/host") in {200, 404}
        command = [sys.executable, "-m", "fusewatch", "token", "create", "ci", "--role", "viewer", "--data", str(server.data)]
        add = [
            sys.executable,
            "-m",
            "fusewatch",
            "user",
            "add",
            "ana",
            "--role",
            "admin",
            "--password-file",
            "-",
            "--data",
            str(server.data),
        ]
        subprocess.run(add, input="correct horse 1", text=True, check=True, capture_output=True)
        token = subprocess.run(command, text=True, check=True, capture_output=True).stdout.strip()
        server.wait_for(lambda: server.status("/api/v1/query?query=up") == 401)
        server.wait_for(lambda: server.ask("/api/v1/query?query=up", Authorization=f"Bearer {token}")[0] == 200)
        assert server.status("/-/healthy") == server.status("/login") == server.status("/favicon.svg") == 200
        assert server.status("/metrics") == server.status("/health/ready") == server.status("/targets") == 401


def test_with_a_certificate_it_talks_tls_alone(tmp_path):
    openssl = shutil.which("openssl") or pytest.skip("openssl is not installed")
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "1"]
    subprocess.run(
        [*command, "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"], cwd=tmp_path, check=True, capture_output=True
    )
    config = "access: {tls: {cert_file: cert.pem, key_file: key.pem}}\n"
    server = RunningServer(tmp_path / "data", config=config)
    try:
        url = server.wait_for_line(r"open +(https\S+)")[1]
        context = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
        with urllib.request.urlopen(url + "/-/healthy", context=context, timeout=30) as answer:
            assert answer.status == 200
        with pytest.raises(OSError, match=r"(?i)reset|closed|empty|disconnected|status line"):
            urllib.request.urlopen(url.replace("https", "http") + "/-/healthy", timeout=30)
    finally:
        server.stop()


def test_a_certificate_that_is_none_is_told_in_one_line(tmp_path):
    (tmp_path / "cert.pem").write_text("not a certificate")
    (tmp_path / "fusewatch.yml").write_text("access: {tls: {cert_file: cert.pem, key_file: cert.pem}}\n")
    done = up("--data", str(tmp_path / "data"), "--listen", "127.0.0.1:0", cwd=tmp_path)
    assert done.returncode == 3
    [line] = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert "can't be used" in line
    assert "Traceback" not in done.stderr
