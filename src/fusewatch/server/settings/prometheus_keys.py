"""Settings that Prometheus has and this version of Fusewatch has not, so that an error can say so.

From Prometheus' configuration reference, https://prometheus.io/docs/prometheus/latest/configuration/configuration/
"""

from __future__ import annotations

from typing import Final

from fusewatch.server.settings.problems import KeyPath

_TOP: Final = frozenset({
    "alerting", "otlp", "remote_read", "remote_write", "rule_files", "runtime", "scrape_config_files", "tracing",
})  # fmt: skip
_GLOBAL: Final = frozenset({
    "always_scrape_classic_histograms", "convert_classic_histograms_to_nhcb", "evaluation_interval", "extra_scrape_metrics",
    "keep_dropped_targets", "metric_name_escaping_scheme", "metric_name_validation_scheme", "query_log_file", "rule_query_offset",
    "scrape_failure_log_file", "scrape_native_histograms", "scrape_protocols",
})  # fmt: skip
_DISCOVERY: Final = frozenset({
    "aws_sd_configs", "azure_sd_configs", "consul_sd_configs", "digitalocean_sd_configs", "dns_sd_configs", "docker_sd_configs",
    "dockerswarm_sd_configs", "ec2_sd_configs", "eureka_sd_configs", "gce_sd_configs", "hetzner_sd_configs", "http_sd_configs",
    "ionos_sd_configs", "kubernetes_sd_configs", "kuma_sd_configs", "lightsail_sd_configs", "linode_sd_configs", "marathon_sd_configs",
    "nerve_sd_configs", "nomad_sd_configs", "openstack_sd_configs", "ovhcloud_sd_configs", "puppetdb_sd_configs", "scaleway_sd_configs",
    "serverset_sd_configs", "stackit_sd_configs", "triton_sd_configs", "uyuni_sd_configs", "vultr_sd_configs",
})  # fmt: skip
_SCRAPE: Final = _DISCOVERY | {
    "always_scrape_classic_histograms", "body_size_limit", "convert_classic_histograms_to_nhcb", "enable_compression", "enable_http2",
    "fallback_scrape_protocol", "follow_redirects", "keep_dropped_targets", "label_name_length_limit", "label_value_length_limit",
    "metric_name_escaping_scheme", "metric_name_validation_scheme", "native_histogram_bucket_limit", "native_histogram_min_bucket_factor",
    "no_proxy", "oauth2", "proxy_connect_header", "proxy_from_environment", "scrape_failure_log_file", "scrape_native_histograms",
    "scrape_protocols", "target_limit", "track_timestamps_staleness",
}  # fmt: skip


def known_to_prometheus(path: KeyPath) -> bool:
    """Whether prometheus.yml may have this key at this place."""
    *parents, key = path
    match parents:
        case []:
            return key in _TOP
        case ["global"]:
            return key in _GLOBAL
        case ["scrape_configs", int(), *_]:
            return key in _SCRAPE
        case ["storage"]:
            return key in {"tsdb", "exemplars"}
        case _:
            return False
