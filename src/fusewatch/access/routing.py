"""Routes that say what they need, and enforce it before their endpoint runs.

Two ways to say it: :func:`route` and :func:`mount` for plain Starlette, :func:`needs` as a dependency of FastAPI routes and routers.
:func:`undeclared` lists what says nothing, so that a server can refuse to start with it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Any

from fastapi import params
from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, request_response
from starlette.types import ASGIApp

from fusewatch.access.guard import Guarded, enforce
from fusewatch.access.identity import Identity
from fusewatch.access.need import Need

Endpoint = Callable[[Request], Awaitable[Response] | Response]


class GuardedRoute(Route):
    """A Starlette route that carries and enforces its ``need``."""

    def __init__(self, path: str, endpoint: Endpoint, *, methods: Sequence[str], need: Need, name: str | None = None) -> None:
        label = name or str(getattr(endpoint, "__name__", type(endpoint).__name__))
        super().__init__(path, Guarded(request_response(endpoint), need, label), methods=methods, name=label)
        self.need = need


def route(path: str, endpoint: Endpoint, *, methods: Sequence[str], need: Need, name: str | None = None) -> GuardedRoute:
    """A route to ``async def endpoint(request) -> Response`` (or a plain function, run in a thread) for those who meet ``need``."""
    return GuardedRoute(path, endpoint, methods=methods, need=need, name=name)


def mount(path: str, app: ASGIApp, *, need: Need, name: str | None = None) -> Mount:
    """A whole ASGI app, such as static files, under one need."""
    return Mount(path, app=Guarded(app, need, name or path), name=name)


class NeedDependency:
    """The FastAPI dependency that :func:`needs` makes; resolves to the caller's :class:`Identity`."""

    def __init__(self, need: Need) -> None:
        self.need = need

    async def __call__(self, connection: HTTPConnection) -> Identity:
        """The caller, when that is enough; raises Refused otherwise."""
        return enforce(connection.scope, self.need)


def needs(need: Need) -> Any:
    """What a FastAPI route or router depends on to be guarded.

    ``dependencies=[needs(Need.VIEWER)]`` on a route or router, or ``who: Annotated[Identity, needs(Need.ADMIN)]`` as a parameter.
    """
    return params.Depends(NeedDependency(need))


def declared_need(candidate: BaseRoute | RouteContext) -> Need | None:
    """What a route needs: the highest of all its declarations, or None when it has none.

    A mount of routes that declare their own needs answers None; walk it with :func:`declarations`.
    """
    guard = getattr(candidate, "endpoint", None) or getattr(candidate, "app", None)
    found = [guard.need] if isinstance(guard, Guarded) else []
    dependant = getattr(candidate, "dependant", None)
    if isinstance(dependant, Dependant):
        found.extend(_needs_of(dependant))
    return max(found, default=None)


def _needs_of(dependant: Dependant) -> Iterator[Need]:
    if isinstance(dependant.call, NeedDependency):
        yield dependant.call.need
    for inner in dependant.dependencies:
        yield from _needs_of(inner)


def declarations(routes: Iterable[BaseRoute], prefix: str = "") -> Iterator[tuple[str, Need | None]]:
    """Every route's methods with its full path, and what it needs; mounts and included routers are walked."""
    for context in iter_route_contexts(list(routes)):
        path = prefix + (context.path or "")
        need = declared_need(context)
        inner = context.original_route.routes if isinstance(context.original_route, Mount) else []
        if need is None and inner:
            yield from declarations(inner, path)
        else:
            yield f"{'|'.join(sorted(context.methods or ()))} {path}".strip(), need


def undeclared(routes: Iterable[BaseRoute]) -> list[str]:
    """The routes that do not say what they need; a server with any must not start."""
    return [where for where, need in declarations(routes) if need is None]
