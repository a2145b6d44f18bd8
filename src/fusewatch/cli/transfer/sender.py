"""Remote write 1.0 to a server: some requests at once, repeated while the server asks for patience, told in order when they are done.

https://prometheus.io/docs/specs/prw/remote_write_spec/
"""

from __future__ import annotations

import http.client
import threading
import time
import urllib.parse
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Self

from fusewatch.cli.client import Client, refusal
from fusewatch.cli.failures import Failure

_PATH: Final = "/api/v1/write"
_HEADERS: Final = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}
#: The server's count of what it refused; others only say that they did.
_REJECTED: Final = "X-Fusewatch-Samples-Rejected"
_TIMEOUT_S: Final = 60.0
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 10.0
#: How long a request is repeated before the server is given up.
_PATIENCE_S: Final = 300.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request: samples that the server took and refused, and why."""

    taken: int
    refused: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: http.client.HTTPMessage
    text: str

    @property
    def pause_s(self) -> float | None:
        """What ``Retry-After`` asks for."""
        text = self.headers.get("Retry-After", "")
        return min(float(text), 60.0) if text.isascii() and text.isdecimal() else None


class Sender:
    """Sends bodies to a server, at most ``in_flight`` at once; a context.

    Leaving it waits for what is under way; when it is left by an exception, what waits for another try is given up.
    """

    def __init__(
        self, client: Client, *, in_flight: int = 4, first_pause_s: float = _FIRST_PAUSE_S, patience_s: float = _PATIENCE_S
    ) -> None:
        self._parts = urllib.parse.urlsplit(client.base)
        self._headers = {**client.headers, **_HEADERS}
        self._first_pause_s = first_pause_s
        self._patience_s = patience_s
        self._threads = ThreadPoolExecutor(in_flight, thread_name_prefix="send")
        self._in_flight = in_flight
        self._under_way: deque[tuple[Future[Outcome], Callable[[Outcome], None]]] = deque()
        self._idle: deque[http.client.HTTPConnection] = deque()
        self._given_up = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._finish(0)
        finally:
            self._given_up.set()
            self._threads.shutdown(wait=True, cancel_futures=True)
            for connection in self._idle:
                connection.close()
        if kind is not None:
            self._tell_of_the_rest()

    def send(self, body: bytes, samples: int, told: Callable[[Outcome], None]) -> None:
        """Sends a body of so many samples; waits while enough others are under way.

        ``told`` is called from this thread, in the order of sending, by this or a later call, or on leaving.

        Raises:
            Failure: an earlier body could not be delivered.
        """
        self._finish(2 * self._in_flight - 1)
        self._under_way.append((self._threads.submit(self._deliver, body, samples), told))

    def mark(self, told: Callable[[Outcome], None]) -> None:
        """Calls ``told`` once everything sent so far has been told of."""
        nothing: Future[Outcome] = Future()
        nothing.set_result(Outcome(0))
        self._under_way.append((nothing, told))

    def _finish(self, remaining: int) -> None:
        while len(self._under_way) > remaining or (self._under_way and self._under_way[0][0].done()):
            sent, told = self._under_way[0]
            outcome = sent.result()
            self._under_way.popleft()
            told(outcome)

    def _tell_of_the_rest(self) -> None:
        """Tells of what was delivered before the first that was not."""
        for sent, told in self._under_way:
            if sent.cancelled() or sent.exception() is not None:
                break
            told(sent.result())
        self._under_way.clear()

    def _deliver(self, body: bytes, samples: int) -> Outcome:
        pause_s, until = self._first_pause_s, time.monotonic() + self._patience_s
        while True:
            try:
                answer = self._post(body)
            except (OSError, http.client.HTTPException) as error:
                problem = f"the connection to {self._parts.geturl()} failed: {error}"
            else:
                if (outcome := self._outcome(answer, samples)) is not None:
                    return outcome
                problem = refusal(answer.status, answer.text.encode())
                pause_s = max(answer.pause_s or 0.0, pause_s) if answer.pause_s != 0 else 0.0
            if time.monotonic() > until or self._given_up.wait(pause_s):
                raise Failure(f"given up: {problem}")
            pause_s = min(2 * pause_s + 0.01, _LONGEST_PAUSE_S)

    @staticmethod
    def _outcome(answer: _Answer, samples: int) -> Outcome | None:
        """What the answer means; None to try again.

        Raises:
            Failure: another try would not help.
        """
        status = answer.status
        if 200 <= status < 300:
            return Outcome(samples)
        if status == 400 or (status == 429 and answer.pause_s is None):
            # The rest of the body was stored. 429 without a time means a limit that waiting does not lift.
            refused = min(int(answer.headers.get(_REJECTED, samples)), samples)
            return Outcome(samples - refused, refused, answer.text.strip())
        if status == 429 or (status >= 500 and status not in {501, 505, 507}):
            return None
        if status in {401, 403}:
            raise Failure(refusal(status, answer.text.encode()))
        raise Failure(f"the server refuses: {answer.text.strip()} ({status})")

    def _post(self, body: bytes) -> _Answer:
        connection = self._connection()
        try:
            connection.request("POST", self._parts.path + _PATH, body, self._headers)
            answer = connection.getresponse()
            found = _Answer(answer.status, answer.headers, answer.read().decode(errors="replace"))
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        return found

    def _connection(self) -> http.client.HTTPConnection:
        try:
            return self._idle.pop()
        except IndexError:
            maker = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
            return maker(self._parts.netloc, timeout=_TIMEOUT_S)
