"""All of our own API but users, tokens and sessions, which are access' own."""

from __future__ import annotations

from fastapi import APIRouter

from fusewatch.api.fusewatch.backups import backups_router
from fusewatch.api.fusewatch.cardinality import cardinality_router
from fusewatch.api.fusewatch.events import events_router
from fusewatch.api.fusewatch.ingest import ingest_router
from fusewatch.api.fusewatch.models import ErrorAnswer
from fusewatch.api.fusewatch.query_problem import query_problem_router
from fusewatch.api.fusewatch.rules import rules_router
from fusewatch.api.fusewatch.saved_queries import saved_queries_router
from fusewatch.api.fusewatch.services import OwnServices
from fusewatch.api.fusewatch.state import state_router
from fusewatch.api.fusewatch.webhooks.routes import webhooks_router

PREFIX = "/api/fusewatch/v1"


def own_router(services: OwnServices) -> APIRouter:
    """The routes under ``/api/fusewatch/v1``; the app needs :func:`fusewatch.api.fusewatch.errors.exception_handlers`."""
    router = APIRouter(prefix=PREFIX, responses={"default": {"model": ErrorAnswer, "description": "What went wrong."}})
    router.include_router(state_router(services))
    router.include_router(cardinality_router(count=services.cardinality, pool=services.pool, clock=services.clock))
    router.include_router(query_problem_router(services.pool))
    router.include_router(rules_router(services.rules))
    router.include_router(ingest_router(statistics=services.ingest, clock=services.clock))
    router.include_router(events_router(sink=services.event_sink, reader=services.event_reader, clock=services.clock))
    router.include_router(webhooks_router(sink=services.event_sink, settings=services.webhooks, base=services.secrets_base))
    if services.saved_queries is not None:
        router.include_router(saved_queries_router(services.saved_queries))
    if services.backups is not None and services.audit is not None:
        router.include_router(backups_router(services.backups, services.audit))
    return router
