"""The order of the middleware, in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from fusewatch.api.middleware.body_limit import BodyLimit
from fusewatch.api.middleware.compression import Compression
from fusewatch.api.middleware.failures import UnexpectedErrors
from fusewatch.api.middleware.request_id import HEADER, RequestId

#: Prometheus' own default bound on a remote-write body is a third of this.
WRITE_BODY_LIMIT = 32 << 20


def stack(
    *, cors_origin: str | None = None, inside: Sequence[Middleware] = (), body_limits: Mapping[str, int] | None = None
) -> list[Middleware]:
    """Outermost first: request id, compression, unexpected errors, CORS, ``inside`` (the gate), body limits.

    Errors stand inside of request id and compression, so that even their answers carry both. ``cors_origin`` is a regular expression for
    the whole of an ``Origin``, as in Prometheus' ``--web.cors.origin``; without one no foreign page may read answers. Credentials of a
    browser never cross origins; tokens do, in the ``Authorization`` header.
    """
    cors = [] if cors_origin is None else [_cors(cors_origin)]
    limits = {"/api/v1/write": WRITE_BODY_LIMIT, **(body_limits or {})}
    return [
        Middleware(RequestId),
        Middleware(Compression),
        Middleware(UnexpectedErrors),
        *cors,
        *inside,
        Middleware(BodyLimit, limits=limits),
    ]


def _cors(origin: str) -> Middleware:
    # A pattern that admits everybody is said with "*", which lets proxies cache one answer for all.
    anybody = origin in {".*", "*"}
    return Middleware(
        CORSMiddleware,
        allow_origins=["*"] if anybody else (),
        allow_origin_regex=None if anybody else origin,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
        allow_headers=["Accept", "Authorization", "Content-Type", "Origin", HEADER],
        expose_headers=["Date", HEADER, "Retry-After"],
        max_age=600,
    )
