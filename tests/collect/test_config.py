from __future__ import annotations

import pytest
import yaml
from pydantic import ValidationError

from fusewatch.collect.config import GlobalConfig, ScrapeConfig, resolve_scrape_configs

EVERYTHING = """
job_name: everything
honor_labels: true
honor_timestamps: false
track_timestamps_staleness: true
scrape_interval: 15s
scrape_timeout: 5s
scrape_protocols: [PrometheusText0.0.4, OpenMetricsText1.0.0]
fallback_scrape_protocol: PrometheusText0.0.4
metrics_path: /probe
scheme: https
params: {module: [http_2xx], n: [1]}
enable_compression: false
body_size_limit: 10MB
sample_limit: 1000
target_limit: 10
label_limit: 30
label_name_length_limit: 100
label_value_length_limit: 200
keep_dropped_targets: 5
metric_name_validation_scheme: utf8
scrape_native_histograms: true
always_scrape_classic_histograms: true
convert_classic_histograms_to_nhcb: true
native_histogram_bucket_limit: 160
native_histogram_min_bucket_factor: 1.1
authorization: {credentials_file: token}
tls_config: {ca_file: ca.pem, server_name: example.org, insecure_skip_verify: true, min_version: TLS12}
proxy_url: http://proxy.example.org:3128
no_proxy: 10.0.0.0/8
follow_redirects: false
http_headers: {X-Scope: {values: [a], secrets: [b], files: [c]}}
static_configs: [{targets: ['a:1', 'b:2'], labels: {env: prod, shard: 1, canary: true}}]
file_sd_configs: [{files: ['targets/*.json', extra.yml], refresh_interval: 1m}]
http_sd_configs: [{url: 'http://sd.example.org/targets', basic_auth: {username: a, password: b}}]
dns_sd_configs: [{names: [_metrics._tcp.example.org]}, {names: [example.org], type: A, port: 9100}]
relabel_configs: [{source_labels: [__address__], regex: '(.*):1', target_label: host}]
metric_relabel_configs: [{source_labels: [__name__], regex: go_.*, action: drop}]
"""


def test_prometheus_syntax_is_taken_as_it_is():
    config = ScrapeConfig.model_validate(yaml.safe_load(EVERYTHING))
    assert config.static_configs[0].labels == {"env": "prod", "shard": "1", "canary": "true"}
    assert config.body_size_limit == 10 << 20
    assert config.params == {"module": ("http_2xx",), "n": ("1",)}
    assert config.dns_sd_configs[0].type == "SRV"


def test_secrets_are_not_in_what_is_shown():
    config = ScrapeConfig.model_validate(yaml.safe_load(EVERYTHING))
    shown = config.http_sd_configs[0].model_dump(mode="json")["basic_auth"]
    assert shown["password"] == "<secret>"


def test_passwords_in_addresses_are_not_shown():
    address = "http://me:hunter2@example.org/targets"
    config = ScrapeConfig.model_validate({"job_name": "a", "proxy_url": address, "http_sd_configs": [{"url": address}]})
    assert "hunter2" not in config.model_dump_json()


def test_a_job_inherits_what_it_does_not_say():
    defaults = GlobalConfig.model_validate({"scrape_interval": "30s", "scrape_timeout": "20s", "sample_limit": 7})
    own = {"job_name": "own", "scrape_interval": "5s", "sample_limit": 9}
    plain, changed = resolve_scrape_configs(defaults, [ScrapeConfig(job_name="plain"), ScrapeConfig.model_validate(own)])
    assert (plain.scrape_interval, plain.scrape_timeout, plain.sample_limit) == (30_000, 20_000, 7)
    assert (changed.scrape_interval, changed.scrape_timeout, changed.sample_limit) == (5_000, 5_000, 9)


def test_without_a_word_a_job_is_scraped_each_minute_within_ten_seconds():
    (config,) = resolve_scrape_configs(GlobalConfig(), [ScrapeConfig(job_name="a")])
    assert (config.scrape_interval, config.scrape_timeout, len(config.scrape_protocols)) == (60_000, 10_000, 4)


@pytest.mark.parametrize(
    ("globally", "own", "first", "native"),
    [
        ({}, {}, "OpenMetricsText1.0.0", False),
        ({}, {"scrape_native_histograms": True}, "PrometheusProto", True),
        ({"scrape_native_histograms": True}, {}, "PrometheusProto", True),
        ({"scrape_native_histograms": True}, {"scrape_native_histograms": False}, "OpenMetricsText1.0.0", False),
        ({"scrape_protocols": ["PrometheusText0.0.4"]}, {"scrape_native_histograms": True}, "PrometheusText0.0.4", True),
        ({}, {"scrape_protocols": ["PrometheusProto"]}, "PrometheusProto", False),
    ],
)
def test_native_histograms_make_protobuf_the_first_choice(globally, own, first, native):
    job = ScrapeConfig.model_validate({"job_name": "a", **own})
    (config,) = resolve_scrape_configs(GlobalConfig.model_validate(globally), [job])
    assert (config.scrape_protocols[0], config.histograms.native) == (first, native)


def test_two_jobs_of_one_name_are_refused():
    with pytest.raises(ValueError, match="multiple scrape configs with job name 'a'"):
        resolve_scrape_configs(GlobalConfig(), [ScrapeConfig(job_name="a"), ScrapeConfig(job_name="a")])


def test_a_timeout_longer_than_the_global_interval_is_refused():
    job = ScrapeConfig.model_validate({"job_name": "a", "scrape_timeout": "2m"})
    with pytest.raises(ValueError, match=r"timeout greater than scrape interval.*'a'"):
        resolve_scrape_configs(GlobalConfig(), [job])


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("job_name", "", "at least 1 character"),
        ("scrape_interval", "often", "not a valid duration"),
        ("scrape_timeout", "2h", "timeout greater than scrape interval"),
        ("scheme", "ftp", "'http' or 'https'"),
        ("kubernetes_sd_configs", [{"role": "pod"}], "kubernetes_sd_configs is a key of Prometheus that Fusewatch does not support yet"),
        ("oauth2", {"client_id": "x"}, "oauth2 is a key of Prometheus"),
        ("scrape_protocols", ["Protobuf"], "Input should be 'PrometheusProto', 'OpenMetricsText1.0.0'"),
        ("native_histogram_bucket_limit", -1, "greater than or equal to 0"),
        ("scrape_protocols", ["PrometheusText0.0.4"] * 2, "duplicated protocol"),
        ("sample_limit", -1, "greater than or equal to 0"),
        ("static_configs", [{"targets": ["http://a:1/metrics"]}], "is not a valid hostname"),
        ("file_sd_configs", [{"files": ["targets.txt"]}], "not valid for file discovery"),
        ("file_sd_configs", [{"files": []}], "at least one path name"),
        ("http_sd_configs", [{"url": "ftp://x"}], "URL scheme must be"),
        ("dns_sd_configs", [{"names": ["x"], "type": "A"}], "a port is required in DNS-SD configs for A records"),
        ("basic_auth", {"password": "a", "password_file": "b"}, "at most one of basic_auth password & password_file"),
        ("authorization", {"type": "Basic"}, 'use "basic_auth" instead'),
        ("bearer_token_file", "x", "at most one of basic_auth, authorization"),
        ("tls_config", {"cert_file": "x"}, "without its key"),
        ("tls_config", {"ca": "x", "ca_file": "y"}, "at most one of ca and ca_file"),
        ("proxy_url", "proxy:3128", "proxy_url must be an address"),
        ("no_proxy", "x", "proxy_url must be configured as well"),
        ("http_headers", {"Host": {"values": ["x"]}}, "setting header 'Host' is not allowed"),
        ("not_a_key", 1, "Extra inputs are not permitted"),
    ],
)
def test_what_does_not_fit_is_refused_and_says_why(key, value, reason):
    job = {"job_name": "a", "scrape_interval": "1m", key: value}
    if key == "bearer_token_file":
        job["basic_auth"] = {"username": "x"}
    with pytest.raises(ValidationError) as error:
        ScrapeConfig.model_validate(job)
    assert reason in str(error.value)
