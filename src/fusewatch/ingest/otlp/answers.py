"""What an OTLP receiver answers: ExportMetricsServiceResponse and google.rpc.Status, as protobuf or JSON.

https://opentelemetry.io/docs/specs/otlp/#otlphttp-response, https://github.com/googleapis/googleapis/blob/master/google/rpc/status.proto
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

import orjson

from fusewatch.telemetry.otlp.plain import delimited, varint

#: Why is told in so many characters; the specification asks for short answers.
_MOST_MESSAGE: Final = 4_000
_RETRY_INFO: Final = b"type.googleapis.com/google.rpc.RetryInfo"


class Code(IntEnum):
    """Codes of gRPC that a receiver uses (https://grpc.io/docs/guides/status-codes/)."""

    INVALID_ARGUMENT = 3
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    INTERNAL = 13
    UNAVAILABLE = 14
    UNAUTHENTICATED = 16


def export_response(rejected: int, message: str, *, json: bool = False) -> bytes:
    """The body of a success; ``partial_success`` is only there where there is something to say."""
    text = message[:_MOST_MESSAGE]
    if json:
        # 64-bit integers are strings in protobuf's JSON.
        partial = {"rejectedDataPoints": str(rejected), "errorMessage": text}
        return orjson.dumps({"partialSuccess": partial} if rejected or text else {})
    if not rejected and not text:
        return b""
    return delimited(1, (varint(1 << 3) + varint(rejected) if rejected else b"") + (delimited(2, text.encode()) if text else b""))


def status(code: Code, message: str, *, retry_after_s: int | None = None, json: bool = False) -> bytes:
    """A google.rpc.Status, with RetryInfo where sending again after a while may work."""
    text = message[:_MOST_MESSAGE]
    if json:
        details = [] if retry_after_s is None else [{"@type": _RETRY_INFO.decode(), "retryDelay": f"{retry_after_s}s"}]
        return orjson.dumps({"code": int(code), "message": text} | ({"details": details} if details else {}))
    body = varint(1 << 3) + varint(int(code)) + delimited(2, text.encode())
    if retry_after_s is not None:
        delay = delimited(1, varint(1 << 3) + varint(retry_after_s))
        body += delimited(3, delimited(1, _RETRY_INFO) + delimited(2, delay))
    return body
