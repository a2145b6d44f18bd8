"""What stands before an endpoint and enforces its need; plain ASGI, for any server."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from fusewatch.access.identity import Identity, identity_of
from fusewatch.access.need import Need
from fusewatch.access.refusals import Refused, refusal, unauthorized

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
