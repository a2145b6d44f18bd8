from __future__ import annotations

import asyncio

from tests.forward.conftest import NOW, sending, series
from tests.forward.sink import Sink, serving

import numpy as np


def bits(value):
    return int(np.float64(value).view(np.uint64))


def test_what_is_written_goes_on_to_the_target(sender):
    async def scenario():
        async with serving(Sink()) as sink, sending(sender.target(sink.url)):
            await sender.write({series("up", job="a"): {NOW: 1.0, NOW + 1: 0.0}, series("up", job="b"): {NOW: 2.0}})
            await sink.until(lambda: len(sink.samples()) == 2)
            return sink.samples()

    assert asyncio.run(scenario()) == {
        (("__name__", "up"), ("job", "a")): [(NOW, bits(1.0)), (NOW + 1, bits(0.0))],
        (("__name__", "up"), ("job", "b")): [(NOW, bits(2.0))],
    }
