from __future__ import annotations

import io
import json
import logging

import pytest
import structlog

from fusewatch.server.logs import configure_logging, hide_in_text


@pytest.fixture
def lines():
    """Configures logging into a buffer; gives the JSON lines so far; puts everything back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logging(log_format="json", stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def test_each_line_is_json_with_time_level_and_component(lines):
    structlog.get_logger("fusewatch.collect.scrape").info("target is down", target="a:1")
    [line] = lines()
    assert line["event"] == "target is down"
    assert line["component"] == "collect"
    assert line["level"] == "info"
    assert line["timestamp"].endswith("Z")


def test_a_bound_component_and_libraries_are_named(lines):
    structlog.get_logger("fusewatch.x").bind(component="committer").warning("slow")
    logging.getLogger("uvicorn.error").error("could not %s", "bind")
    assert [(line["component"], line["event"]) for line in lines()] == [("committer", "slow"), ("uvicorn", "could not bind")]


def test_levels_below_the_chosen_one_are_left_out(lines):
    structlog.get_logger("fusewatch.x").debug("detail")
    logging.getLogger("uvicorn.access").info("GET /")
    assert lines() == []


def test_secrets_never_reach_the_log(lines):
    log = structlog.get_logger("fusewatch.x")
    log.info("try", password="hunter2", api_token="fw_abcdefgh12345678", url="http://u:hunter2@host/", header="Bearer hunter2hunter2")
    try:
        raise ValueError("https://u:hunter2@host")  # noqa: TRY301 - to have something to log
    except ValueError:
        log.exception("failed with Basic aHVudGVyMg==")
    text = json.dumps(lines())
    assert "hunter2" not in text
    assert "aHVudGVyMg" not in text
    assert "fw_abcdefgh12345678" not in text


def test_hiding_leaves_other_text_alone():
    assert hide_in_text("http://host:9090/x?y=1 @ 5") == "http://host:9090/x?y=1 @ 5"
