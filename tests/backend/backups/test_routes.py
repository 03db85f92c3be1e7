"""Backups as people and programs ask for them."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend_lite.config import DataFolder
from backend_lite.contract.accounts import API_TOKENS, STEP_UP_S
from backend_lite.contract.backups import (
    BACKUP_RULES,
    BACKUPS,
    NIGHTLY,
    RECOVERY_KIT,
    BackupCreate,
    BackupRules,
    BackupState,
)
from backend_lite.core.backup.kit import open_kit
from backend_lite.core.db.tables import AuditRow
from backend_lite.features.backups.backups import Backups
from backend_lite.features.backups.nightly import Nightly
from backend_lite.features.backups.rules import last_due, next_due
from tests.backend.backups.conftest import tree
from tests.helpers.service import InProcess, headers

pytestmark = pytest.mark.anyio

PASSPHRASE = "five quite unrelated words here"


async def actions(service: InProcess) -> list[str]:
    events = await service.kernel.database.read(
        lambda session: session.execute(select(AuditRow.action, AuditRow.actor)).all()
    )
    return [f"{event.action} by {event.actor}" for event in events if event.action.startswith("backups")]


async def test_made_listed_verified_deleted(service: InProcess, data: DataFolder) -> None:
    signed = await service.sign_in()
    answer = await service.client.post(BACKUPS, json={"reason": " before\nthe move "}, headers=signed)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["reason"], made["problem"], made["with_output"]) == ("before the move", "", True)
    assert made["verified_at"] is not None
    assert tree(Path(made["path"]))["deployflow.db"]

    listed = (await service.client.get(BACKUPS, headers=signed)).json()["items"]
    assert listed == [made]
    (data.backups / made["id"] / "keys" / "ca.pem").write_bytes(b"")
    found = await service.client.post(f"{BACKUPS}/{made['id']}/verify", headers=signed)
    assert (found.status_code, "ca.pem" in found.json()["problem"]) == (200, True)
    gone = await service.client.delete(f"{BACKUPS}/{made['id']}", headers=signed)
    assert (gone.status_code, list(data.backups.iterdir())) == (204, [])
    again = await service.client.delete(f"{BACKUPS}/{made['id']}", headers=signed)
    assert (again.status_code, again.json()["detail"]) == (404, "There is no such backup any more.")
    assert await actions(service) == [
        "backups.create by ada",
        "backups.verify by ada",
        "backups.delete by ada",
    ]


async def test_into_a_folder_of_ones_own(service: InProcess, data: DataFolder, tmp_path: Path) -> None:
    signed = await service.sign_in()
    body = {"folder": str(tmp_path / "stick" / "copy"), "with_output": False}
    made = (await service.client.post(BACKUPS, json=body, headers=signed)).json()
    assert made["path"] == body["folder"]
    assert "output/000000/1.stdout" not in tree(tmp_path / "stick" / "copy")
    assert (await service.client.get(BACKUPS, headers=signed)).json()["items"] == []
    twice = await service.client.post(BACKUPS, json=body, headers=signed)
    assert (twice.status_code, "is there already" in twice.json()["detail"]) == (400, True)
    vague = await service.client.post(BACKUPS, json={"folder": "copy"}, headers=signed)
    assert "Name the folder in full" in vague.json()["detail"]


async def test_into_a_folder_of_ones_own_only_shortly_after_a_sign_in(
    service: InProcess, data: DataFolder, tmp_path: Path
) -> None:
    signed = await service.sign_in()
    wanted = {"name": "nightly", "scope": ["backups:create"]}
    program = await service.client.post(API_TOKENS, json=wanted, headers=signed)
    by_program = headers(program.json()["token"])
    service.clock.advance(STEP_UP_S)
    body = {"folder": str(tmp_path / "stick")}
    stale = await service.client.post(BACKUPS, json=body, headers=signed)
    assert (stale.status_code, stale.json()["code"]) == (403, "step_up_required")
    refused = await service.client.post(BACKUPS, json=body, headers=by_program)
    assert (refused.status_code, refused.json()["code"]) == (403, "person_needed")
    assert not (tmp_path / "stick").exists()
    assert (await service.client.post(BACKUPS, json={}, headers=by_program)).status_code == 201


async def test_one_at_a_time(service: InProcess, data: DataFolder) -> None:
    signed = await service.sign_in()
    answers = await asyncio.gather(*(service.client.post(BACKUPS, json={}, headers=signed) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]


async def test_low_disk_is_named(service: InProcess, data: DataFolder) -> None:
    backups = Backups(service.kernel, free=lambda _folder: 5 << 20)
    with pytest.raises(Exception, match=r"no room for a backup: it needs \d+ MB, and .* has 5 MB free"):
        await backups.create(BackupCreate())
    assert await backups.all() == []
    assert (await backups.state()).doing == ""


async def test_a_kit_is_a_stream_that_leaves_nothing_behind(
    service: InProcess, data: DataFolder, tmp_path: Path
) -> None:
    signed = await service.sign_in()
    answer = await service.client.post(RECOVERY_KIT, json={"passphrase": PASSPHRASE}, headers=signed)
    assert answer.status_code == 200, answer.text
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.headers["content-disposition"].endswith('.kit"')
    (tmp_path / "kit").write_bytes(answer.content)
    assert open_kit(tmp_path / "kit", PASSPHRASE, tmp_path / "out") == ()
    assert "keys/ca.pem" in tree(tmp_path / "out")
    assert list(data.backups.iterdir()) == []
    assert await actions(service) == ["backups.kit by ada"]


@pytest.mark.parametrize("passphrase", ["", "short", "a" * 40, "ababababababababab"])
async def test_a_weak_passphrase_is_refused(service: InProcess, passphrase: str) -> None:
    signed = await service.sign_in()
    answer = await service.client.post(RECOVERY_KIT, json={"passphrase": passphrase}, headers=signed)
    assert (answer.status_code, answer.json()["code"]) == (400, "weak_passphrase")


async def test_rules(service: InProcess) -> None:
    signed = await service.sign_in()
    rules = (await service.client.get(BACKUP_RULES, headers=signed)).json()
    assert rules == {"nightly": True, "at": "02:00", "keep_daily": 7, "keep_weekly": 4, "with_output": True}
    for wrong in ({"at": "24:00"}, {"at": "2"}, {"keep_daily": 0}, {"keep_weekly": -1}):
        refused = await service.client.put(BACKUP_RULES, json=rules | wrong, headers=signed)
        assert refused.status_code == 400, wrong
    changed = rules | {"at": "23:30", "keep_daily": 3}
    assert (await service.client.put(BACKUP_RULES, json=changed, headers=signed)).json() == changed
    assert (await service.client.get(BACKUP_RULES, headers=signed)).json() == changed
    (event,) = await service.kernel.database.read(
        lambda session: session.scalars(select(AuditRow).where(AuditRow.action == "backups.rules")).all()
    )
    assert (event.before, event.after) == (
        {"at": "02:00", "keep_daily": 7},
        {"at": "23:30", "keep_daily": 3},
    )


def test_when_it_is_due_is_by_the_local_clock() -> None:
    rules = BackupRules(at="02:30")

    def at(*parts: int) -> int:
        return round(datetime(*parts).timestamp() * 1000)  # type: ignore[arg-type]  # noqa: DTZ001

    assert last_due(rules, at(2026, 3, 5, 2, 29)) == at(2026, 3, 4, 2, 30)
    assert last_due(rules, at(2026, 3, 5, 2, 30)) == at(2026, 3, 5, 2, 30)
    assert next_due(rules, at(2026, 3, 5, 2, 30)) == at(2026, 3, 6, 2, 30)
    assert next_due(rules, at(2026, 3, 1, 0, 0)) == at(2026, 3, 1, 2, 30)


class Nights:
    """The service's nights, one look after another."""

    def __init__(self, service: InProcess) -> None:
        self.service = service
        self.free = 1 << 40
        self.backups = Backups(service.kernel, free=lambda _folder: self.free)
        self.nightly = Nightly(service.kernel.database, service.clock, self.backups)

    async def begin(self) -> None:
        await self.service.kernel.database.write(self.nightly._begin)

    async def after(self, hours: float) -> int:
        """How many backups there are after the next look."""
        self.service.clock.advance(hours * 3600)
        await self.nightly.look()
        return len(await self.backups.all())


async def test_every_night_one_and_no_more_than_the_rules_keep(service: InProcess, data: DataFolder) -> None:
    nights = Nights(service)
    await nights.begin()
    mine = await nights.backups.create(BackupCreate(reason="mine"))
    assert await nights.after(0) == 1
    assert await nights.after(24) == 2
    assert await nights.after(0.1) == 2
    signed = await service.sign_in()
    rules = {"nightly": True, "at": "02:00", "keep_daily": 2, "keep_weekly": 0, "with_output": False}
    await service.client.put(BACKUP_RULES, json=rules, headers=signed)
    assert [await nights.after(24) for _ in range(3)] == [3, 3, 3]
    kept = await nights.backups.all()
    assert [one.reason for one in kept] == [NIGHTLY, NIGHTLY, "mine"]
    assert kept[-1] == mine
    off = rules | {"nightly": False}
    await service.client.put(BACKUP_RULES, json=off, headers=signed)
    assert await nights.after(48) == 3


async def test_one_that_failed_is_said_and_tried_again(service: InProcess, data: DataFolder) -> None:
    nights = Nights(service)
    await nights.begin()
    nights.free = 1 << 20
    assert await nights.after(24) == 0
    state = await nights.backups.state()
    assert "There is no room for a backup" in state.problem
    assert state.last_good_at is None
    nights.free = 1 << 40
    assert await nights.after(0.5) == 0
    assert await nights.after(0.6) == 1
    state = await nights.backups.state()
    assert (state.problem, state.last_good_at is not None) == ("", True)
    assert [said for said in await actions(service) if "nightly" in said] == ["backups.nightly by service"]


async def test_a_start_that_finds_no_room_does_not_end_the_nights(
    service: InProcess, data: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    nights, database, looks = Nights(service), service.kernel.database, 0
    whole, troubles = database.write, [OSError("No space left on device")]

    async def write(work: Callable[[Any], Any]) -> Any:
        if troubles:
            raise troubles.pop()
        return await whole(work)

    async def sleep(_seconds: float) -> None:
        nonlocal looks
        looks += 1
        service.clock.advance(24 * 3600)
        if looks == 3:
            raise asyncio.CancelledError

    monkeypatch.setattr(database, "write", write)
    nights.nightly = Nightly(database, service.clock, nights.backups, sleep)
    with pytest.raises(asyncio.CancelledError):
        await nights.nightly.run()
    assert [one.reason for one in await nights.backups.all()] == [NIGHTLY]


async def test_the_state_is_live(service: InProcess, data: DataFolder) -> None:
    feature = service.feature("backups")
    snapshot = feature.live["backup_state"].snapshot
    assert snapshot is not None
    (state,) = await snapshot()
    assert isinstance(state, BackupState)
    assert (state.data_folder, state.doing) == (str(data.root), "")
