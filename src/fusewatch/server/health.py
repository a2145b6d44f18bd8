"""Whether the process lives and is ready, for people, load balancers and Kubernetes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import orjson
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute

from fusewatch import __version__
from fusewatch.access.need import Need
from fusewatch.access.routing import route
from fusewatch.api.fusewatch.backups import BackupAge
from fusewatch.server.supervisor import ComponentStatus


class Health:
    """Answers the health routes from what the supervisor sees.

    ``unready_reasons`` returns a sentence for each thing that is not ready, ``backup`` how old the last backup is, None where none are due.
    """

    def __init__(
        self,
        *,
        statuses: Callable[[], Sequence[ComponentStatus]],
        unready_reasons: Callable[[], Sequence[str]],
        backup: Callable[[], BackupAge | None] = lambda: None,
    ) -> None:
        self._statuses = statuses
        self._unready_reasons = unready_reasons
        self._backup = backup

    def routes(self) -> list[BaseRoute]:
        """Prometheus' two, and the three of orchestrators; details only for those who may see them."""
        methods = ["GET", "HEAD"]
        return [
            route("/-/healthy", self.healthy, methods=methods, need=Need.PUBLIC),
            route("/-/ready", self.ready, methods=methods, need=Need.PUBLIC),
            route("/health", self.overall, methods=methods, need=Need.VIEWER),
            route("/health/live", self.live, methods=methods, need=Need.PUBLIC),
            route("/health/ready", self.overall, methods=methods, need=Need.VIEWER, name="health_ready"),
        ]

    async def healthy(self, _request: Request) -> Response:
        """200 while the process answers at all."""
        return PlainTextResponse("Fusewatch is healthy.\n")

    async def ready(self, _request: Request) -> Response:
        """200 once everything works, else 503; without reasons, because anybody may ask."""
        if self._unready_reasons():
            return PlainTextResponse("Fusewatch is not ready yet.\n", 503, headers={"Retry-After": "1"})
        return PlainTextResponse("Fusewatch is ready.\n")

    async def live(self, _request: Request) -> Response:
        """200 while the process answers at all."""
        return _json({"status": "live"}, 200)

    async def overall(self, _request: Request) -> Response:
        """Every component with its state, and why the whole is not ready; 503 then."""
        reasons = list(self._unready_reasons())
        components = [
            {
                "name": status.name,
                "state": status.state,
                "since": status.since,
                "restarts": status.restarts,
                "last_error": status.last_error,
                "reason": status.reason,
            }
            for status in self._statuses()
        ]
        body: dict[str, object] = {"status": "not ready" if reasons else "ready", "version": __version__, "reasons": reasons}
        body["components"] = components
        backup = self._backup()
        if backup is not None:
            body["backup"] = backup.model_dump()
        return _json(body, 503 if reasons else 200)


def _json(body: object, code: int) -> Response:
    return Response(orjson.dumps(body), code, {"Cache-Control": "no-store"}, "application/json")
