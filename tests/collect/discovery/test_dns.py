from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import dns.asyncresolver
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from fusewatch.collect.discovery.config import DnsSdConfig
from fusewatch.collect.discovery.dns import DnsDiscovery
from fusewatch.telemetry.clock import SystemClock

ZONE = {
    ("_metrics._tcp.example.org.", "SRV"): ["0 0 9100 a.example.org.", "0 0 9200 b.example.org."],
    ("example.org.", "A"): ["192.0.2.1", "192.0.2.2"],
    ("example.org.", "AAAA"): ["2001:db8::1"],
    ("example.org.", "MX"): ["10 mail.example.org."],
    ("example.org.", "NS"): ["ns.example.org."],
    ("empty.example.org.", "A"): [],
}


class NameServer(asyncio.DatagramProtocol):
    """Answers from ``zone``; names that it lacks do not exist, ``broken`` makes it refuse."""

    def __init__(self):
        self.zone = dict(ZONE)
        self.broken = False

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        query = dns.message.from_wire(data)
        (question,) = query.question
        answer = dns.message.make_response(query)
        key = question.name.to_text(), dns.rdatatype.to_text(question.rdtype)
        if self.broken:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif key not in self.zone:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif self.zone[key]:
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", key[1], *self.zone[key]))
        self.transport.sendto(answer.to_wire(), addr)


@asynccontextmanager
async def name_server():
    transport, server = await asyncio.get_running_loop().create_datagram_endpoint(NameServer, ("127.0.0.1", 0))
    try:
        yield server
    finally:
        transport.close()


async def rounds(server, config, between=None):
    """What the discovery publishes first, and after ``between(server)``; and its last error."""
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], server.transport.get_extra_info("sockname")[1]
    discovery = DnsDiscovery(DnsSdConfig.model_validate({"refresh_interval": "20ms", **config}), clock=SystemClock(), resolver=resolver)
    published = asyncio.Queue()
    task = asyncio.create_task(discovery.run(published.put_nowait))
    try:
        async with asyncio.timeout(20):
            first = await published.get()
            if between is None:
                return _targets(first), discovery.last_error
            between(server)
            while not published.empty():
                published.get_nowait()
            await published.get()
            return _targets(await published.get()), discovery.last_error
    finally:
        task.cancel()
        await asyncio.wait([task])


def _targets(groups):
    return [dict(target) for group in groups for target in group.targets]


def resolve(config, between=None):
    async def work():
        async with name_server() as server:
            return await rounds(server, config, between)

    return asyncio.run(work())


@pytest.mark.parametrize(
    ("config", "addresses"),
    [
        ({"names": ["_metrics._tcp.example.org"]}, ["a.example.org:9100", "b.example.org:9200"]),
        ({"names": ["example.org"], "type": "A", "port": 9}, ["192.0.2.1:9", "192.0.2.2:9"]),
        ({"names": ["example.org"], "type": "aaaa", "port": 9}, ["[2001:db8::1]:9"]),
        ({"names": ["example.org"], "type": "MX", "port": 9}, ["mail.example.org:9"]),
        ({"names": ["example.org"], "type": "NS", "port": 9}, ["ns.example.org:9"]),
        ({"names": ["empty.example.org"], "type": "A", "port": 9}, []),
        ({"names": ["missing.example.org"], "type": "A", "port": 9}, []),
    ],
)
def test_records_name_targets(config, addresses):
    targets, error = resolve(config)
    assert (sorted(target["__address__"] for target in targets), error) == (addresses, "")


def test_the_meta_labels_are_those_of_prometheus():
    targets, _ = resolve({"names": ["_metrics._tcp.example.org"]})
    assert min(targets, key=lambda target: target["__address__"]) == {
        "__address__": "a.example.org:9100",
        "__meta_dns_name": "_metrics._tcp.example.org",
        "__meta_dns_srv_record_target": "a.example.org.",
        "__meta_dns_srv_record_port": "9100",
        "__meta_dns_mx_record_target": "",
        "__meta_dns_ns_record_target": "",
    }


def test_a_server_that_fails_keeps_the_targets_and_is_visible():
    def fail(server):
        server.broken = True

    targets, error = resolve({"names": ["example.org"], "type": "A", "port": 9}, fail)
    assert len(targets) == 2
    assert "example.org A" in error


def test_a_name_that_is_gone_has_no_targets():
    targets, error = resolve({"names": ["example.org"], "type": "A", "port": 9}, lambda server: server.zone.clear())
    assert (targets, error) == ([], "")
