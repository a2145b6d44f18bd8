"""``/backups``: starts one, and tells how it goes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, Protocol

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from fusewatch.access.identity import Identity
from fusewatch.access.need import Need
from fusewatch.access.routing import needs
from fusewatch.api.fusewatch.errors import ApiProblem
from fusewatch.api.fusewatch.models import Answer

_Text = Annotated[str, StringConstraints(max_length=2_000, strip_whitespace=True)]

#: Adds an entry to the audit trail: who, what was done, to what, with which values.
Audit = Callable[[Identity, str, str, Mapping[str, Any]], Awaitable[None]]


class BackupInUseError(Exception):
    """One backup at a time."""


class BackupWish(BaseModel):
    """Where a backup goes; what is empty is as in the settings. Keys are never sent: the server has its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    target: _Text = Field(default="", examples=["/mnt/backups/fusewatch", "s3://bucket/fusewatch"])
    endpoint: _Text = ""
    region: _Text = ""
    profile: _Text = ""


class BackupRun(Answer):
    """One backup of this life of the server; sizes in bytes. ``left_out`` says what is not in it, and who has it."""

    number: int
    target: str
    state: Literal["running", "done", "failed"]
    began: int
    ended: int | None = None
    backup: str = ""
    phase: str = ""
    files: int = 0
    total_files: int = 0
    bytes: int = 0
    total_bytes: int = 0
    sent_bytes: int = 0
    error: str = ""
    left_out: Sequence[str] = ()


class BackupAge(Answer):
    """How old the newest backup at the target of the settings is; ``overdue`` when that is more than twice the period."""

    target: str
    every_seconds: float
    last_success: int | None
    age_seconds: float | None
    overdue: bool
    last_error: str = ""


class Backups(Answer):
    """The backup under way, those that ended, the newest first, and how old the last good one is (None: none are due)."""

    running: BackupRun | None = None
    runs: Sequence[BackupRun] = ()
    age: BackupAge | None = None


class BackupNumber(Answer):
    """By which a run is found among the others."""

    number: int


class BackupService(Protocol):
    """Who makes backups. Every method answers at once."""

    def start(self, wish: BackupWish) -> int:
        """Starts one in the background; its number.

        Raises:
            BackupInUseError: one is under way.
            ValueError: there is no target.
        """
        ...

    def state(self) -> Backups:
        """How it goes."""
        ...

    def age(self) -> BackupAge | None:
        """How old the last good one is; None where none are due."""
        ...


def backups_router(service: BackupService, audit: Audit) -> APIRouter:
    """``GET`` and ``POST /backups``."""
    router = APIRouter(tags=["backups"])

    @router.post("/backups", status_code=202)
    async def start(wish: BackupWish, who: Annotated[Identity, needs(Need.ADMIN)]) -> BackupNumber:
        """Starts a backup of everything that was acknowledged before; `GET /backups` tells how it goes."""
        try:
            number = service.start(wish)
        except BackupInUseError as error:
            raise ApiProblem(409, str(error)) from error
        except ValueError as error:
            raise ApiProblem(400, str(error), field="target") from error
        await audit(who, "backup.start", wish.target or "backup.target", wish.model_dump(exclude_defaults=True))
        return BackupNumber(number=number)

    @router.get("/backups", dependencies=[needs(Need.ADMIN)])
    async def state() -> Backups:
        """The backup under way, and those that ended since the server started."""
        return service.state()

    return router
