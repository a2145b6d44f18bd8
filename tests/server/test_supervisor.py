from __future__ import annotations

import asyncio

import pytest

from fusewatch.server.supervisor import BackOff, Supervisor
from fusewatch.telemetry.clock import SystemClock

QUICK = BackOff(first_s=0.001, longest_s=0.002)


class Worker:
    """Fails as often as it is told to, then works; notes what happens in a shared list."""

    def __init__(self, name: str, history: list[str], failures: int = 0) -> None:
        self.name = name
        self.failures = failures
        self.history = history
        self.working = asyncio.Event()
        self.reason: str | None = None

    def unready_reason(self) -> str | None:
        return self.reason

    async def run(self) -> None:
        self.history.append(f"start {self.name}")
        if self.failures:
            self.failures -= 1
            raise RuntimeError(f"{self.name} broke")
        self.working.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.history.append(f"stop {self.name}")


def supervisor(**options) -> Supervisor:
    return Supervisor(clock=SystemClock(), back_off=QUICK, **options)


def test_components_start_in_order_and_stop_in_reverse():
    async def scenario():
        history: list[str] = []
        workers = [Worker(name, history) for name in ("store", "collector", "receiver")]
        life = supervisor()
        life.start(workers)
        for worker in workers:
            await worker.working.wait()
        await life.stop()
        await life.stop()
        assert history == ["start store", "start collector", "start receiver", "stop receiver", "stop collector", "stop store"]
        assert {status.state for status in life.statuses()} == {"stopped"}

    asyncio.run(scenario())


def test_what_fails_is_started_again_and_counted():
    async def scenario():
        worker = Worker("scrape", [], failures=3)
        life = supervisor()
        life.start([worker])
        await worker.working.wait()
        [status] = life.statuses()
        assert (status.state, status.restarts, status.last_error) == ("running", 3, "RuntimeError: scrape broke")
        assert life.unready_reasons() == []
        await life.stop()

    asyncio.run(scenario())


def test_a_component_between_two_attempts_is_failed_and_makes_the_whole_unready():
    async def scenario():
        worker = Worker("scrape", [], failures=1)
        life = Supervisor(clock=SystemClock(), back_off=BackOff(first_s=60))
        life.start([worker])
        while life.statuses()[0].state != "failed":  # noqa: ASYNC110 - the supervisor has no event to wait for
            await asyncio.sleep(0)
        assert life.unready_reasons() == ["scrape: failed, starting again: RuntimeError: scrape broke"]
        await life.stop()

    asyncio.run(scenario())


def test_one_that_is_dispensable_does_not_make_the_whole_unready():
    async def scenario():
        worker = Worker("remote write", [], failures=1)
        worker.dispensable = True
        life = Supervisor(clock=SystemClock(), back_off=BackOff(first_s=60))
        life.start([worker])
        while life.statuses()[0].state != "failed":  # noqa: ASYNC110 - the supervisor has no event to wait for
            await asyncio.sleep(0)
        assert life.unready_reasons() == []
        await life.stop()

    asyncio.run(scenario())


def test_one_component_can_be_ended_and_another_of_its_name_started():
    async def scenario():
        log: list[str] = []
        first, other, second = (Worker(name, log) for name in ("target", "other", "target"))
        life = supervisor()
        life.start([first, other])
        await first.working.wait()
        await life.end("target")
        assert [status.name for status in life.statuses()] == ["other"]
        life.start([second])
        await second.working.wait()
        assert [status.name for status in life.statuses()] == ["other", "target"]
        await life.stop()

    asyncio.run(scenario())


def test_a_component_may_say_why_it_is_not_ready():
    async def scenario():
        worker = Worker("store", [])
        worker.reason = "replaying the log: 3 of 12 segments"
        life = supervisor()
        life.start([worker])
        await worker.working.wait()
        assert life.statuses()[0].state == "starting"
        assert life.unready_reasons() == ["store: replaying the log: 3 of 12 segments"]
        worker.reason = None
        assert life.statuses()[0].state == "running"
        assert life.unready_reasons() == []
        await life.stop()

    asyncio.run(scenario())


def test_one_that_does_not_stop_is_left_behind():
    class Stubborn:
        name = "stubborn"
        working = asyncio.Event()
        released = asyncio.Event()

        async def run(self) -> None:
            self.working.set()
            while not self.released.is_set():
                try:
                    await self.released.wait()
                except asyncio.CancelledError:
                    continue

    async def scenario():
        stubborn, polite = Stubborn(), Worker("polite", [])
        life = supervisor(stop_within_s=0.01)
        life.start([polite, stubborn])
        await stubborn.working.wait()
        await life.stop()
        assert [status.state for status in life.statuses()] == ["stopped", "stopped"]
        assert polite.history == ["start polite", "stop polite"]
        stubborn.released.set()

    asyncio.run(scenario())


def test_two_components_of_one_name_are_refused():
    async def scenario():
        life = supervisor()
        with pytest.raises(ValueError, match="two components are named 'a'"):
            life.start([Worker("a", []), Worker("a", [])])
        await life.stop()

    asyncio.run(scenario())


@pytest.mark.parametrize(("failures", "seconds"), [(1, 0.5), (2, 1.0), (4, 4.0), (7, 30.0), (1000, 30.0)])
def test_waits_double_up_to_a_limit(failures, seconds):
    assert BackOff().delay(failures, chance=lambda: 0.0) == seconds
    assert BackOff().delay(failures, chance=lambda: 1.0) == pytest.approx(seconds * 1.2)
