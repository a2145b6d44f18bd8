from __future__ import annotations

import sys

import cramjam
from numba.core.dispatcher import Dispatcher
from tests.ingest.known import KnownInMemory
from tests.telemetry.wire import exemplar, field, histogram, label, sample
from tests.telemetry.wire_v2 import Request

from fusewatch.ingest.remote_write import RemoteWriteDecoder
from fusewatch.ingest.remote_write_v2 import RemoteWriteV2Decoder
from fusewatch.ingest.warming import warm
from fusewatch.telemetry.histograms import Histogram


def compiled():
    """How many versions of each kernel there are."""
    modules = [module for name, module in sys.modules.items() if name.startswith("fusewatch.")]
    kernels = {id(value): value for module in modules for value in vars(module).values() if isinstance(value, Dispatcher)}
    return {number: len(kernel.signatures) for number, kernel in kernels.items()}


def test_a_warm_decoder_compiles_nothing_more() -> None:
    warm()
    before = compiled()
    empty = Histogram(schema=1, count=0, sum=0.0)
    name = label("__name__", "m")
    first = field(1, name + sample(1, 1.0) + sample(2, 2.0) + field(3, exemplar([("a", "b")], 1.0, 1)) + field(4, histogram(empty, 1)))
    refused = field(1, label("a", "b") + sample(1, 1.0))
    second = Request()
    parts = (second.sample(5, 1.0, 4), second.histogram(empty, 5, 4), second.exemplar([("a", "b")], 1.0, 1), second.metadata(1, "help"))
    second.series([("__name__", "m")], *parts).series([("a", "b")], second.sample(1, 1.0))
    decoders = RemoteWriteDecoder(KnownInMemory()), RemoteWriteV2Decoder(KnownInMemory(), zero_samples=True)
    for decoder, message in zip(decoders, (first + refused, second.encode()), strict=True):
        for _ in range(2):
            decoder.decode(bytes(cramjam.snappy.compress_raw(message)))
    assert compiled() == before
