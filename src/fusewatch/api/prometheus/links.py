"""Links to Prometheus' own graph page, which templates of alerts make (``graphLink``, ``tableLink``)."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fusewatch.access.need import Need
from fusewatch.access.routing import GuardedRoute, route


def graph_route() -> GuardedRoute:
    """``/graph?g0.expr=…`` leads to Explore, with all of its expressions."""

    async def graph(request: Request) -> Response:
        queries = [value for name, value in request.query_params.multi_items() if name.startswith("g") and name.endswith(".expr")]
        return RedirectResponse("/explore?" + urlencode([("q", query) for query in queries]))

    return route("/graph", graph, methods=("GET",), need=Need.VIEWER, name="prometheus.graph")
