"""Keys that Prometheus knows and Fusewatch does not yet: refused with a sentence, never passed over in silence."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationInfo

from fusewatch.telemetry.config import Block


def _refuse(value: Any, info: ValidationInfo) -> None:
    if value is None:
        return
    message = f"{info.field_name} is a key of Prometheus that Fusewatch does not support yet; remove it"
    raise ValueError(message)


#: A key that is known and refused. It is no part of the configuration that is shown.
Unsupported = Annotated[None, BeforeValidator(_refuse), Field(exclude=True, repr=False)]


class UnsupportedDiscovery(Block):
    """The service discoveries of Prometheus that Fusewatch does not have."""

    azure_sd_configs: Unsupported = None
    consul_sd_configs: Unsupported = None
    digitalocean_sd_configs: Unsupported = None
    docker_sd_configs: Unsupported = None
    dockerswarm_sd_configs: Unsupported = None
    ec2_sd_configs: Unsupported = None
    eureka_sd_configs: Unsupported = None
    gce_sd_configs: Unsupported = None
    hetzner_sd_configs: Unsupported = None
    ionos_sd_configs: Unsupported = None
    kubernetes_sd_configs: Unsupported = None
    kuma_sd_configs: Unsupported = None
    lightsail_sd_configs: Unsupported = None
    linode_sd_configs: Unsupported = None
    marathon_sd_configs: Unsupported = None
    nerve_sd_configs: Unsupported = None
    nomad_sd_configs: Unsupported = None
    openstack_sd_configs: Unsupported = None
    ovhcloud_sd_configs: Unsupported = None
    puppetdb_sd_configs: Unsupported = None
    scaleway_sd_configs: Unsupported = None
    serverset_sd_configs: Unsupported = None
    stackit_sd_configs: Unsupported = None
    triton_sd_configs: Unsupported = None
    uyuni_sd_configs: Unsupported = None
    vultr_sd_configs: Unsupported = None
