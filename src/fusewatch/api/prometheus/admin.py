"""Deleting series: ``/admin/tsdb/delete_series`` and ``/admin/tsdb/clean_tombstones``.

https://prometheus.io/docs/prometheus/latest/querying/api/#tsdb-admin-apis; the role decides who may, not a flag.
"""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from fusewatch.access.identity import identity_of
from fusewatch.access.need import Need
from fusewatch.access.routing import GuardedRoute
from fusewatch.api.prometheus.endpoint import endpoint
from fusewatch.api.prometheus.errors import BadDataError, UnavailableError
from fusewatch.api.prometheus.parameters import MAX_TIME, MIN_TIME, Parameters
from fusewatch.api.prometheus.selectors import Selector, parse_selector
from fusewatch.api.prometheus.services import PrometheusServices, SeriesAdmin


def admin_routes(services: PrometheusServices) -> list[GuardedRoute]:
    """Both routes; each change is in the audit trail."""

    async def delete_series(request: Request, parameters: Parameters) -> Response:
        """204 once the samples are in no answer any more."""
        texts = parameters.every("match[]")
        if not texts:
            raise BadDataError("no match[] parameter provided")
        start, end = parameters.time("start", MIN_TIME), parameters.time("end", MAX_TIME)
        selectors = [_selector(text) for text in texts]
        await asyncio.to_thread(_admin(services).delete_series, selectors, start, end)
        await services.audit(identity_of(request.scope), "series.delete", " ".join(texts))
        return Response(status_code=204)

    async def clean_tombstones(request: Request, _: Parameters) -> Response:
        """204 once the samples are not on disk any more."""
        await asyncio.to_thread(_admin(services).clean_tombstones)
        await services.audit(identity_of(request.scope), "series.clean", "")
        return Response(status_code=204)

    return [
        endpoint(f"/admin/tsdb/{handler.__name__}", handler, methods=("POST", "PUT"), need=Need.ADMIN)
        for handler in (delete_series, clean_tombstones)
    ]


def _admin(services: PrometheusServices) -> SeriesAdmin:
    if services.admin is None:
        raise UnavailableError("admin APIs disabled")
    return services.admin


def _selector(text: str) -> Selector:
    try:
        return parse_selector(text)
    except BadDataError as error:
        raise BadDataError.parameter("match[]", error) from error
