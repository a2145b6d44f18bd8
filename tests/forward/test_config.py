from __future__ import annotations

import pytest
from pydantic import ValidationError

from fusewatch.documents.problems import SettingsError
from fusewatch.forward.config import RemoteWriteConfig, named_targets
from fusewatch.server.settings.loading import parse_settings

URL = "http://elsewhere:9090/api/v1/write"


def target(**keys):
    return RemoteWriteConfig.model_validate({"url": URL, **keys})


def test_the_defaults_are_those_of_prometheus():
    config = target()
    assert (config.remote_timeout, config.protobuf_message, config.follow_redirects, config.enable_http2) == (
        30_000,
        "prometheus.WriteRequest",
        True,
        False,
    )
    assert (config.send_exemplars, config.send_native_histograms) == (False, False)
    queue = config.queue_config
    assert (queue.capacity, queue.max_shards, queue.min_shards, queue.max_samples_per_send) == (10_000, 50, 1, 2_000)
    assert (queue.batch_send_deadline, queue.min_backoff, queue.max_backoff) == (5_000, 30, 5_000)
    assert (queue.retry_on_http_429, queue.sample_age_limit) == (False, 0)
    metadata = config.metadata_config
    assert (metadata.send, metadata.send_interval, metadata.max_samples_per_send) == (True, 60_000, 2_000)


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"url": ""}, "at least 1 character"),
        ({"url": "elsewhere:9090"}, "url must be an address"),
        ({"headers": {"Authorization": "Bearer x"}}, "basic_auth or authorization parameter"),
        ({"headers": {"content-TYPE": "x"}}, "content-TYPE is a reserved header"),
        ({"queue_config": {"min_shards": 5, "max_shards": 2}}, "min_shards"),
        ({"queue_config": {"min_backoff": "10s"}}, "min_backoff is longer"),
        ({"queue_config": {"capacity": 0}}, "greater than 0"),
        ({"protobuf_message": "prometheus.Write"}, "prometheus.WriteRequest"),
        ({"sigv4": {}}, "sigv4 is a key of Prometheus that Fusewatch does not support yet"),
        ({"oauth2": {"client_id": "a"}}, "oauth2 is a key of Prometheus that Fusewatch does not support yet"),
        ({"azuread": {}}, "azuread is a key of Prometheus"),
        ({"round_robin_dns": True}, "round_robin_dns is a key of Prometheus"),
        ({"basic_auth": {"username": "a"}, "authorization": {"credentials": "b"}}, "at most one of"),
    ],
)
def test_what_can_not_be_used_is_refused_with_a_sentence(keys, problem):
    with pytest.raises(ValidationError, match=problem):
        target(**keys)


def test_a_target_without_a_name_is_named_by_its_address_alone():
    [name] = named_targets([target()])
    [same] = named_targets([target(remote_timeout="5s", write_relabel_configs=[{"regex": "a", "action": "labeldrop"}])])
    assert name == same
    assert len(name) == 6


def test_a_new_password_makes_no_new_target():
    before, after = (named_targets([target(url=f"http://me:{word}@elsewhere/write")]) for word in ("old", "new"))
    assert list(before) == list(after)


def test_two_targets_of_one_address_are_told_apart_by_the_rest():
    names = named_targets([target(), target(remote_timeout="5s"), target(name="third")])
    assert len(names) == 3


def test_names_and_whole_targets_stand_once(tmp_path):
    for block in ("[{url: 'http://a', name: x}, {url: 'http://b', name: x}]", "[{url: 'http://a'}, {url: 'http://a'}]"):
        with pytest.raises(SettingsError) as caught:
            parse_settings(f"remote_write: {block}\n", file="f.yml", base=tmp_path, environ={})
        assert "remote_write: found" in str(caught.value.problems[0])


def test_a_password_in_the_address_is_not_shown():
    shown = target(url="http://me:secret@elsewhere/write").model_dump_json()
    assert "secret@" not in shown
