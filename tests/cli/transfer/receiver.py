"""A remote-write receiver that answers as it is told and keeps what it took."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cramjam
from tests.telemetry.messages import read_series

from fusewatch.telemetry.labels import Labels

#: Status, headers and text of an answer.
Answer = tuple[int, dict[str, str], str]
TAKEN: Answer = (204, {}, "")


@dataclass
class Receiver:
    """``answer`` gets the number of the request, from 0 on; samples (ms, value bits) are kept by label set where it is a 2xx."""

    answer: Callable[[int], Answer] = lambda _: TAKEN
    url: str = ""
    requests: int = 0
    most_at_once: int = 0
    at_once: int = 0
    samples: dict[Labels, dict[int, int]] = field(default_factory=dict)
    taken: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, body: bytes) -> None:
        for labels, rows, _ in read_series(bytes(cramjam.snappy.decompress_raw(body))):
            self.samples.setdefault(Labels(labels), {}).update(rows)
            self.taken += len(rows)


@contextlib.contextmanager
def receiving(answer: Callable[[int], Answer] = lambda _: TAKEN) -> Iterator[Receiver]:
    """A receiver on a free port until the block ends."""
    receiver = Receiver(answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with receiver.lock:
                number, receiver.requests = receiver.requests, receiver.requests + 1
                receiver.at_once += 1
                receiver.most_at_once = max(receiver.most_at_once, receiver.at_once)
                receiver.headers = dict(self.headers)
            status, headers, text = receiver.answer(number)
            with receiver.lock:
                receiver.at_once -= 1
                if status // 100 == 2:
                    receiver.take(body)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(text))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
