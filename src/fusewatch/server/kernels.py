"""Compiled code: what each process warms up before it is ready, and what may follow.

``python -m fusewatch.server.kernels`` compiles all of it, so that no start has to.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from typing import Final

from fusewatch.api.prometheus import histogram_numbers, history_text, numbers, read
from fusewatch.forward import warming as forward
from fusewatch.ingest import warming as ingest
from fusewatch.promql.engine import Engine
from fusewatch.promql.warm import histogram_warmups
from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.exposition import reader as exposition

Warm = Callable[[], None]

#: What the first requests need.
ENGINE: Final[Sequence[Warm]] = (MetricStore.warm, exposition.warm, Engine.warm, numbers.warm)
#: What some requests need, in small steps.
ENGINE_LATER: Final[Sequence[Warm]] = (*histogram_warmups(), histogram_numbers.warm, read.warm, history_text.warm, forward.warm)


def _engine() -> None:
    for warm in (*ENGINE, *ENGINE_LATER):
        warm()
    exposition.warm(protobuf=True, starts=True)


def _receiver() -> None:
    ingest.warm()
    ingest.warm_otlp()


def main() -> None:
    """Compiles everything, in two processes."""
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=target) for target in (_engine, _receiver)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    if any(process.exitcode for process in processes):
        raise SystemExit("some kernels could not be compiled")


if __name__ == "__main__":
    main()
