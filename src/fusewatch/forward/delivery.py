"""One request, until the target has it or has refused it.

What is tried again is Prometheus' choice: no answer, 5xx, and 429 where the configuration says so; all else is refused, and dropped.
https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/#retries-backoff
"""

from __future__ import annotations

import asyncio
import email.utils
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from fusewatch.collect.errors import SendError
from fusewatch.collect.http_client import HttpClient, Reply
from fusewatch.forward.config import V2, RemoteWriteConfig
from fusewatch.forward.figures import SENT_BEFORE, Figures
from fusewatch.forward.rows import LONG_AGO
from fusewatch.telemetry.clock import Clock

#: How a target answers to samples that it has already, as far as it minds.
_HAS_IT: Final = frozenset({400, 409})
#: Longer than this no target is waited for without asking.
_LONGEST_WAIT_S: Final = 3_600.0
_WRITTEN: Final = tuple(f"X-Prometheus-Remote-Write-{kind}-Written" for kind in ("Samples", "Histograms", "Exemplars"))


@dataclass(frozen=True, slots=True)
class Request:
    """A body and what is in it: samples, histograms, exemplars, metadata; ``newest`` (ms) is the last timestamp among them."""

    body: bytes
    counts: tuple[int, int, int, int]
    newest: int = LONG_AGO


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What an answer means: ``again`` to try again, after ``wait_s`` where the target says so; else refused, but for ``taken`` of it."""

    reason: str
    again: bool
    status: int = 0
    wait_s: float | None = None
    taken: tuple[int, ...] = (0, 0, 0)


class Delivery:
    """Sends requests to one target; any number at a time. ``headers`` are those of the protocol's version."""

    def __init__(
        self,
        config: RemoteWriteConfig,
        *,
        name: str,
        client: HttpClient,
        headers: Mapping[str, str],
        figures: Figures,
        clock: Clock,
        version: str,
        pause: Callable[[float], asyncio.Future[None]] | None = None,
    ) -> None:
        self._config = config
        self._client = client
        self._headers = {**config.headers, **headers, "User-Agent": f"Fusewatch/{version}"}
        self._figures = figures
        self._clock = clock
        self._told: set[int] = set()
        self._pause = pause or asyncio.sleep
        self._log = structlog.get_logger(component=f"remote write {name}")

    async def deliver(self, request: Request, *, sent_before: bool = False) -> None:
        """Returns once the target has the request or has refused it, or it has become too old.

        ``sent_before``: an earlier run may have sent it already, so that a refusal need not mean a loss.
        """
        queue, figures = self._config.queue_config, self._figures
        figures.sent.add(request.counts)
        backoff_s, attempt = queue.min_backoff / 1000, 0
        while not self._is_too_old(request):
            verdict = await self._attempt(request, attempt)
            if verdict is None:
                self._accepted(request)
                return
            if not verdict.again:
                self._refused(request, verdict, sent_before=sent_before)
                return
            figures.retried.add(request.counts)
            self._failing(verdict)
            backoff_s = backoff_s if verdict.wait_s is None else verdict.wait_s
            await self._pause(backoff_s)
            backoff_s, attempt = min(2 * backoff_s, queue.max_backoff / 1000), attempt + 1
        figures.dropped["too_old"].add(request.counts)

    async def _attempt(self, request: Request, attempt: int) -> _Verdict | None:
        """None when the target took it."""
        headers = {**self._headers, "Retry-Attempt": str(attempt)} if attempt else self._headers
        started = self._clock.monotonic()
        try:
            reply = await self._client.post(self._config.url, request.body, headers=headers, timeout_s=self._config.remote_timeout / 1000)
        except SendError as error:
            return _Verdict(str(error), again=True)
        finally:
            self._figures.took(self._clock.monotonic() - started)
        return self._judge(reply, request.counts)

    def _judge(self, reply: Reply, counts: Sequence[int]) -> _Verdict | None:
        written = _written(reply.headers)
        if reply.status // 100 == 2:
            if self._config.protobuf_message == V2 and written is None and any(counts[:3]):
                reason = "answered with success, but not as remote write 2.0 has it: it seems to know version 1.0 alone (protobuf_message)"
                return _Verdict(reason, again=False, status=reply.status)
            return None
        reason = f"server returned HTTP status {reply.status} {reply.reason}: {reply.text}".removesuffix(": ")
        again = reply.status // 100 == 5 or (reply.status == 429 and self._config.queue_config.retry_on_http_429)
        wait_s = retry_after(reply.headers.get("Retry-After", ""), self._clock.now_ms()) if again else None
        return _Verdict(reason, again, reply.status, wait_s, written or (0, 0, 0))

    def _accepted(self, request: Request) -> None:
        figures = self._figures
        if request.counts[3]:
            figures.metadata_bytes += len(request.body)
        else:
            figures.bytes += len(request.body)
        figures.newest_sent = max(figures.newest_sent, request.newest)
        if figures.failing:
            self._log.info("the target takes samples again")
            figures.failing, figures.failing_since = "", None

    def _refused(self, request: Request, verdict: _Verdict, *, sent_before: bool) -> None:
        """Counts what is dropped; the first refusal of each kind is logged."""
        left = [max(count - taken, 0) for count, taken in zip(request.counts, (*verdict.taken, 0), strict=True)]
        if sent_before and verdict.status in _HAS_IT:
            self._figures.dropped[SENT_BEFORE].add(left)
            self._log.info("refused after a restart, as what it has already", reason=verdict.reason, samples=left[0])
            return
        self._figures.failed.add(left)
        self._figures.failing = verdict.reason
        self._figures.failing_since = self._figures.failing_since or self._clock.now_ms()
        if verdict.status not in self._told:
            self._told.add(verdict.status)
            self._log.error("the target refused samples; they are dropped", reason=verdict.reason, samples=left[0] + left[1])

    def _failing(self, verdict: _Verdict) -> None:
        if not self._figures.failing:
            self._log.warning("the target does not take samples; they are kept and sent again", reason=verdict.reason)
            self._figures.failing_since = self._clock.now_ms()
        self._figures.failing = verdict.reason

    def _is_too_old(self, request: Request) -> bool:
        limit = self._config.queue_config.sample_age_limit
        return bool(limit) and LONG_AGO < request.newest < self._clock.now_ms() - limit


def retry_after(text: str, now_ms: int) -> float | None:
    """Seconds that a ``Retry-After`` header asks for (RFC 9110, 10.2.3): a number or a date; None where it says nothing of use."""
    try:
        date = not (text.isascii() and text.isdigit())
        seconds = email.utils.parsedate_to_datetime(text).timestamp() - now_ms / 1000 if date else float(text)
    except (ValueError, OverflowError):
        return None
    return min(seconds, _LONGEST_WAIT_S) if seconds > 0 else None


def _written(headers: Mapping[str, str]) -> tuple[int, ...] | None:
    """What a 2.0 target says it has written; None where it says nothing."""
    found = [headers.get(name) for name in _WRITTEN]
    if all(text is None for text in found):
        return None
    return tuple(int(text) if text is not None and text.isascii() and text.isdigit() else 0 for text in found)
