"""Routes that say what they need, and enforce it before their endpoint runs.

Two ways to say it: :func:`route` and :func:`mount` for plain Starlette, :func:`needs` as a dependency of FastAPI routes and routers.
:func:`undeclared` lists what says nothing, so that a server can refuse to start with it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from fastapi import params
from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, request_response
from starlette.types import ASGIApp, Receive, Scope, Send

from fusewatch.access.identity import Identity, identity_of
from fusewatch.access.need import Need
from fusewatch.access.refusals import Refused, refusal, unauthorized

Endpoint = Callable[[Request], Awaitable[Response] | Response]

#: Where the gate leaves the :class:`Admission` of a request without credentials.
ADMISSION_KEY: Final = "fusewatch.admission"


class Admission:
    """Whether a public route has taken a request without credentials; until then the gate lets no answer out."""

    __slots__ = ("granted",)

    def __init__(self) -> None:
        self.granted = False


def enforce(scope: Scope, need: Need) -> Identity:
    """The caller's identity, when that is enough.

    Raises:
        Refused: 401 for nobody in particular, 403 for a role too low.
    """
    identity = identity_of(scope)
    if not identity.may(need):
        if identity.role is None:
            raise unauthorized(scope)
        raise Refused(403, f"this needs the role {need.name.lower()}; {identity.name} is {identity.role.value}")
    admission = scope.get(ADMISSION_KEY)
    if admission is not None:
        admission.granted = True
    return identity


class Guarded:
    """An ASGI app that runs only for those who meet its need.

    FastAPI rebuilds plain routes of an included router from their path and endpoint; because the guard is the endpoint itself,
    it stays in place.
    """

    def __init__(self, app: ASGIApp, need: Need, name: str) -> None:
        self.app = app
        self.need = need
        self.__name__ = name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Runs the app, or answers 401 or 403 in its place."""
        try:
            enforce(scope, self.need)
        except Refused as refused:
            if scope["type"] != "http":
                raise
            await refusal(scope, refused)(scope, receive, send)
            return
        await self.app(scope, receive, send)


class PublicParts:
    """An app such as the web UI's files, of which only some paths answer without credentials; the rest needs what ``need`` says.

    ``public`` holds paths, and prefixes that end in ``/``. For a router's ``default``, where no route has a path to guard.
    """

    def __init__(self, app: ASGIApp, *, public: Iterable[str], need: Need, name: str) -> None:
        listed = tuple(public)
        self._paths = frozenset(path for path in listed if not path.endswith("/"))
        self._prefixes = tuple(path for path in listed if path.endswith("/"))
        self._open = Guarded(app, Need.PUBLIC, name)
        self._guarded = Guarded(app, need, name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Runs the app, or answers 401 or 403 in its place."""
        path = scope["path"]
        public = path in self._paths or path.startswith(self._prefixes)
        await (self._open if public else self._guarded)(scope, receive, send)


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
