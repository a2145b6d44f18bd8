from __future__ import annotations

import pytest
from tests.api.fusewatch.own import running
from tests.api.serving import NOW

from fusewatch.access.need import Role
from fusewatch.api.fusewatch.backups import BackupAge, BackupInUseError, BackupRun, Backups, BackupWish

pytestmark = pytest.mark.anyio


class OneBackup:
    """Takes one wish; the next is one too many."""

    def __init__(self) -> None:
        self.wishes: list[BackupWish] = []

    def start(self, wish: BackupWish) -> int:
        if self.wishes:
            raise BackupInUseError("a backup is under way already")
        if not wish.target:
            raise ValueError("no target")
        self.wishes.append(wish)
        return 7

    def state(self) -> Backups:
        return Backups(running=BackupRun(number=7, target="/mnt", state="running", began=NOW), age=self.age())

    def age(self) -> BackupAge:
        return BackupAge(target="/mnt", every_seconds=60, last_success=NOW - 180_000, age_seconds=180, overdue=True, last_error="no space")


@pytest.fixture
def audited():
    return []


@pytest.fixture
def own(audited):
    async def audit(who, action, target, values):
        audited.append((who.name, action, target, dict(values)))

    with running(backups=OneBackup(), audit=audit) as served:
        yield served


async def test_a_backup_is_started_once_and_noted(own, audited):
    async with own.client() as asking:
        first = await asking.post("/backups", json={"target": "/mnt", "region": "eu"})
        second = await asking.post("/backups", json={"target": "/mnt"})
        state = await asking.get("/backups")
    assert (first.status_code, first.json()) == (202, {"number": 7})
    assert (second.status_code, second.json()["error"]["message"]) == (409, "a backup is under way already")
    assert audited == [("test", "backup.start", "/mnt", {"target": "/mnt", "region": "eu"})]
    assert state.json()["running"]["state"] == "running"


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "target"), ({"target": "/mnt", "secret_access_key": "x"}, "secret_access_key"), ({"target": 7}, "target")],
)
async def test_a_wish_that_can_not_be_met_is_told_by_its_field(own, audited, body, field):
    async with own.client() as asking:
        answer = await asking.post("/backups", json=body)
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)
    assert audited == []


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.EDITOR])
async def test_backups_are_the_administrators(own, role):
    async with own.client(role) as asking:
        assert (await asking.post("/backups", json={"target": "/mnt"})).status_code == 403
        assert (await asking.get("/backups")).status_code == 403


async def test_an_overdue_backup_is_a_finding(own):
    async with own.client(Role.VIEWER) as asking:
        found = (await asking.get("/findings")).json()["findings"]
    [finding] = [one for one in found if "backup" in one["title"]]
    assert finding["title"] == "Fusewatch's last backup is 3 minutes old"
    assert finding["detail"] == "One to /mnt is due every 60 seconds. The last attempt failed: no space."
