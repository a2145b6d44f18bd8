"""How things are: the machine, what is wrong, what is scraped, what runs, what is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Final, Literal, TypeVar

import structlog
from fastapi import APIRouter, Query, Response

from fusewatch.access.need import Need
from fusewatch.access.routing import needs
from fusewatch.api.fusewatch.errors import ApiProblem
from fusewatch.api.fusewatch.findings import Situation, findings
from fusewatch.api.fusewatch.models import Component, Components, Findings, Host, Storage, Target, Targets, Version
from fusewatch.api.fusewatch.services import OwnServices
from fusewatch.api.prometheus.errors import ApiError
from fusewatch.promql.errors import QueryError
from fusewatch.rules.alert_state import ActiveAlert, State
from fusewatch.rules.manager import active_alerts
from fusewatch.telemetry.ports import Budget, StorageError

T = TypeVar("T")

#: How long "what is wrong" waits for "since when" before it is answered without.
_HISTORY_S: Final = 5.0


def state_router(services: OwnServices) -> APIRouter:
    """``/host``, ``/findings``, ``/targets``, ``/components``, ``/storage``, ``/version``."""
    router = APIRouter(dependencies=[needs(Need.VIEWER)])
    state = _State(services)

    @router.get("/host", tags=["host"], responses={404: {"description": "Host collection is off, or has not read anything yet."}})
    async def host() -> Host:
        """The machine that Fusewatch runs on, as last read."""
        return state.host()

    @router.get("/findings", tags=["host"])
    async def what_is_wrong() -> Findings:
        """What is wrong right now, in words, the worst first."""
        return await state.findings()

    @router.get("/targets", tags=["targets"], response_model=Targets)
    async def targets(
        *,
        job: str = "",
        health: Literal["", "up", "down", "unknown"] = "",
        state_: Annotated[Literal["", "up", "down", "unknown", "any"], Query(alias="state")] = "",
        q: str = "",
    ) -> Response:
        """What is scraped; ``q`` is looked for in address, labels and last error."""
        wanted = health or ("" if state_ == "any" else state_)
        known, dropped = services.targets()
        # In a thread and as JSON at once: ten thousand targets through response validation would hold the event loop.
        answer = await asyncio.to_thread(
            lambda: Targets(targets=_fitting(known, job, wanted, q.lower()), dropped=dropped).model_dump_json()
        )
        return Response(answer, media_type="application/json")

    @router.get("/components", tags=["status"])
    async def components() -> Components:
        """The parts of Fusewatch that run by themselves."""
        return Components(components=state.components())

    @router.get("/storage", tags=["status"])
    async def storage() -> Storage:
        """The metrics store from the outside."""
        return await state.storage()

    @router.get("/version", tags=["status"])
    async def version() -> Version:
        """What runs here, since when, with which configuration."""
        return services.version()

    return router


class _State:
    def __init__(self, services: OwnServices) -> None:
        self._services = services
        self._log = structlog.get_logger("fusewatch.api").bind(component="api")

    def host(self) -> Host:
        """The last reading.

        Raises:
            ApiProblem: there is none (404).
        """
        reading = self._services.host()
        if reading is None:
            raise ApiProblem(404, self._services.host_off() or "this machine has not been read yet; try again in a moment")
        return reading

    def components(self) -> list[Component]:
        """Every part."""
        return [Component.model_validate(status) for status in self._services.components()]

    async def storage(self) -> Storage:
        """The store's statistics."""
        return Storage.model_validate(await asyncio.to_thread(self._services.storage))

    async def findings(self) -> Findings:
        """Everything that is wrong; a part that can't be asked leaves its own findings out, never all."""
        host = self._services.host()
        storage, ingest, growth = await asyncio.gather(
            self._if_known(self._services.storage), self._if_known(self._services.ingest), self._growth(host)
        )
        situation = Situation(
            now=self._services.clock.now_ms(),
            host=host,
            targets=self._services.targets()[0],
            components=self.components(),
            storage=None if storage is None else Storage.model_validate(storage),
            ingest=ingest,
            disk_growth=growth,
            config_problem=self._services.config_problem(),
            backup=self._services.backups.age() if self._services.backups else None,
            remote_writes=self._services.remote_writes(),
            firing=await asyncio.to_thread(self._firing),
        )
        found = findings(situation)
        if any(finding.since is None for finding in found):
            found = findings(replace(situation, since=await self._since(host)))
        return Findings(as_of=situation.now, findings=found)

    def _firing(self) -> list[ActiveAlert]:
        return [alert for _, _, alert in active_alerts(self._services.rules()) if alert.state is State.FIRING]

    async def _if_known(self, ask: Callable[[], T]) -> T | None:
        try:
            return await asyncio.to_thread(ask)
        except (StorageError, OSError) as error:
            self._log.warning("findings without the store", error=str(error))
            return None

    async def _growth(self, host: Host | None) -> Mapping[str, float]:
        history = self._services.history
        if history is None or host is None:
            return {}
        return await self._told(lambda budget: history.disk_growth(host.hostname, budget))

    async def _since(self, host: Host | None) -> Mapping[str, int]:
        history = self._services.history
        if history is None:
            return {}
        return await self._told(lambda budget: history.since(host.hostname if host else "", budget))

    async def _told(self, ask: Callable[[Budget], dict[str, T]]) -> Mapping[str, T]:
        try:
            return await self._services.pool.run(ask, timeout_s=_HISTORY_S)
        except (QueryError, ApiError, StorageError) as error:
            self._log.warning("findings without history", error=str(error))
            return {}


def _fitting(known: Sequence[Target], job: str, health: str, text: str) -> list[Target]:
    """The targets that fit all filters; an empty one lets all through."""
    return [
        target for target in known if job in {"", target.job} and health in {"", target.health} and (not text or text in _searched(target))
    ]


def _searched(target: Target) -> str:
    return " ".join([target.scrape_url, target.instance, target.job, target.last_error, *target.labels.values()]).lower()
