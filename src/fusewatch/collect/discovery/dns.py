"""Targets from DNS."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

import dns.asyncresolver
import dns.exception
import dns.resolver
import structlog

from fusewatch.collect.discovery.config import DnsSdConfig
from fusewatch.collect.discovery.groups import Publish, TargetGroup
from fusewatch.telemetry.clock import Clock

_TIMEOUT_S: Final = 10.0

_log = structlog.stdlib.get_logger(component="discovery")


class DnsDiscovery:
    """``dns_sd_configs``: names resolved every ``refresh_interval``.

    A name that can't be resolved keeps the targets it had; one that no longer exists has none.
    """

    kind = "dns"

    def __init__(self, config: DnsSdConfig, *, clock: Clock, resolver: dns.asyncresolver.Resolver | None = None) -> None:
        self._config = config
        self._clock = clock
        self._resolver = resolver
        self._known: dict[str, TargetGroup] = {}
        self.source = ", ".join(config.names)
        self.last_error = ""
        self.last_refresh = 0

    async def run(self, publish: Publish) -> None:
        """Publishes what the names resolve to."""
        while True:
            answers = await asyncio.gather(*(self._resolve(name) for name in self._config.names))
            errors = [error for error in answers if error]
            if errors and errors[0] != self.last_error:
                _log.warning("targets can't be resolved", reason=errors[0])
            self.last_error = "; ".join(errors[:3])
            self.last_refresh = self._clock.now_ms()
            publish(list(self._known.values()))
            await asyncio.sleep(self._config.refresh_interval / 1000)

    async def _resolve(self, name: str) -> str:
        """Takes up the targets of one name; what went wrong, or ""."""
        try:
            if self._resolver is None:  # here and not earlier: it reads the machine's resolver configuration
                self._resolver = dns.asyncresolver.Resolver()
            answer = await self._resolver.resolve(name, self._config.type, lifetime=_TIMEOUT_S, search=True, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN:
            self._known[name] = TargetGroup(name, ())
            return ""
        except (dns.exception.DNSException, OSError) as error:
            return f"{name} {self._config.type}: {error}"
        targets = [record_labels(name, self._config, record) for record in answer.rrset or ()]
        self._known[name] = TargetGroup(name, targets)
        return ""


def record_labels(name: str, config: DnsSdConfig, record: Any) -> Mapping[str, str]:
    """The labels of the target that one record means, with Prometheus' ``__meta_dns_*`` names."""
    meta = dict.fromkeys(("mx_record_target", "ns_record_target", "srv_record_port", "srv_record_target"), "")
    address = _ADDRESS[config.type](record)
    port = config.port
    if config.type == "SRV":
        port = record.port
        meta["srv_record_target"], meta["srv_record_port"] = record.target.to_text(), str(record.port)
    elif config.type == "MX":
        meta["mx_record_target"] = record.exchange.to_text()
    elif config.type == "NS":
        meta["ns_record_target"] = record.target.to_text()
    host = f"[{address}]" if ":" in address else address
    labels = {f"__meta_dns_{key}": value for key, value in meta.items()}
    return {"__address__": f"{host}:{port}", "__meta_dns_name": name, **labels}


_ADDRESS: Final[Mapping[str, Callable[[Any], str]]] = {
    "A": lambda record: str(record.address),
    "AAAA": lambda record: str(record.address),
    "SRV": lambda record: str(record.target.to_text(omit_final_dot=True)),
    "MX": lambda record: str(record.exchange.to_text(omit_final_dot=True)),
    "NS": lambda record: str(record.target.to_text(omit_final_dot=True)),
}
