"""``POST /-/reload``."""

from __future__ import annotations

from dataclasses import asdict

import orjson
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from fusewatch.access.audit import Actor
from fusewatch.access.identity import identity_of
from fusewatch.access.need import Need
from fusewatch.access.routing import GuardedRoute, route
from fusewatch.access.service import Access
from fusewatch.documents.problems import SettingsError
from fusewatch.server.configuration import Configuration


def reload_route(configuration: Configuration, access: Access) -> GuardedRoute:
    """Takes up the configuration file: 200, or 400 with every problem; everything stays as it was then. The audit trail knows who."""

    async def reload(request: Request) -> Response:
        try:
            await configuration.reload()
        except SettingsError as error:
            problems = [asdict(problem) for problem in error.problems]
            body = {
                "error": {"code": "bad_configuration", "message": str(error), "problems": problems},
                "request_id": request.scope.get("state", {}).get("request_id", ""),
            }
            return Response(orjson.dumps(body), 400, media_type="application/json")
        who = identity_of(request.scope)
        await access.change(Actor(who.name, who.address), lambda change: change.record("configuration.reload", configuration.path))
        return PlainTextResponse("")

    return route("/-/reload", reload, methods=["POST", "PUT"], need=Need.ADMIN)
