"""Devices that take over from others, and devices that are forgotten, with all that was done on them."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from sqlalchemy import func, select

from agent.wire.messages import Heartbeat
from backend_lite.contract.fleet import DEVICES, GROUPS
from backend_lite.contract.runs import ROLLOUTS, RUNS
from backend_lite.core.db.base import Base
from backend_lite.core.events.bus import Changed
from backend_lite.features.fleet.presence import Presence
from backend_lite.features.runs import device_past
from tests.backend.fleet.conftest import Fleet
from tests.backend.runs.site import Site
from tests.helpers.agents import FACTS, METRICS, Device
from tests.helpers.waiting import until

pytestmark = pytest.mark.anyio


async def newcomer(fleet: Fleet, hostname: str = "web-1") -> int:
    """The machine of `hostname` under a new key, waiting for approval; its id."""
    facts = dataclasses.replace(FACTS, hostname=hostname, machine_id=hostname)
    return await fleet.enrolled(Device(), approve=False, facts=facts)


async def rows_of(site: Site, device_id: int) -> list[str]:
    """The tables in which anything is kept of the device."""

    def look(session: Any) -> list[str]:
        own = Base.metadata.tables["devices"]
        found = [own.name] if session.scalar(select(own.c.id).where(own.c.id == device_id)) else []
        for table in Base.metadata.tables.values():
            column = table.c.get("device_id")
            if column is not None and session.scalar(select(func.count()).where(column == device_id)):
                found.append(table.name)
        return found

    return await site.service.kernel.database.read(look)


async def test_a_device_takes_over_from_its_former_self(site: Site) -> None:
    worker = await site.worker()
    former = worker.device_id
    rollout = await site.roll_out(await site.script(), former)
    await worker.carries_out()
    await worker.socket.leave()
    lab = await site.group("Lab", devices=[former])
    await site.call("PUT", f"{DEVICES}/{former}", {"tags": ["rack 2", "old"]})
    device_id = await newcomer(site.fleet)
    await site.call("PUT", f"{DEVICES}/{device_id}", {"tags": ["new"]})
    third = await newcomer(site.fleet)
    assert (await site.fleet.get(third))["possible_duplicate_of"] == former

    merged = await site.post(f"{DEVICES}/{device_id}/merge", {"replaces_id": former})

    assert merged["tags"] == ["rack 2", "old", "new"]
    assert (merged["replaces_id"], merged["possible_duplicate_of"]) == (former, None)
    assert merged["admission"] == "pending", "to merge is not to approve"
    assert await site.get(f"{GROUPS}/{lab}/members") == [device_id]
    assert (await site.call("GET", f"{DEVICES}/{former}")).status_code == 404
    assert (await site.fleet.get(third))["possible_duplicate_of"] == device_id
    (retired,) = await site.get(f"{DEVICES}/retired")
    assert (retired["id"], retired["replaced_by"]) == (former, device_id)
    runs = (await site.get(RUNS, device_id=device_id))["items"]
    assert [run["rollout_id"] for run in runs] == [rollout["id"]]
    actions = await site.get(f"{DEVICES}/{device_id}/actions")
    assert [(one["device_id"], one["status"]) for one in actions] == [(former, "succeeded")]


async def test_a_line_of_devices_keeps_all_its_history(site: Site) -> None:
    ids = [await newcomer(site.fleet) for _ in range(4)]
    await site.post(f"{DEVICES}/{ids[1]}/merge", {"replaces_id": ids[0]})
    await site.post(f"{DEVICES}/{ids[3]}/merge", {"replaces_id": ids[2]})
    await site.post(f"{DEVICES}/{ids[3]}/merge", {"replaces_id": ids[1]})
    database, api = site.service.kernel.database, site.fleet.api
    assert await database.read(lambda session: api.line(session, ids[3])) == [ids[3], ids[2], ids[1], ids[0]]


async def test_who_is_connected_or_has_work_is_not_replaced(site: Site) -> None:
    worker = await site.worker()
    device_id = await newcomer(site.fleet)
    merge = f"{DEVICES}/{device_id}/merge"
    status, sentence = await site.refusal(merge, {"replaces_id": worker.device_id})
    assert (status, "is connected now" in sentence) == (409, True)
    await site.roll_out(await site.script(), worker.device_id)
    await worker.socket.leave()
    status, sentence = await site.refusal(merge, {"replaces_id": worker.device_id})
    assert (status, "a run that has not ended" in sentence) == (409, True)
    assert (await site.refusal(merge, {"replaces_id": device_id}))[0] == 400
    assert (await site.refusal(merge, {"replaces_id": 999}))[0] == 404
    assert (await site.fleet.get(worker.device_id))["admission"] == "approved"


async def test_devices_are_kept_apart(site: Site) -> None:
    await newcomer(site.fleet)
    device_id = await newcomer(site.fleet)
    kept = await site.post(f"{DEVICES}/{device_id}/keep-apart")
    assert kept["possible_duplicate_of"] is None
    assert await site.post(f"{DEVICES}/{device_id}/keep-apart") == kept


async def test_a_device_that_is_in_use_is_not_forgotten(site: Site) -> None:
    device_id = await newcomer(site.fleet)
    status, sentence = await site.refusal(f"{DEVICES}/{device_id}/forget")
    assert (status, "Remove the device first" in sentence) == (409, True)
    assert (await site.refusal(f"{DEVICES}/999/forget"))[0] == 404


async def test_of_a_forgotten_device_nothing_is_left_and_others_keep_theirs(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_past, "BATCH", 1)
    first, second = await site.worker("web-1"), await site.worker("web-2")
    script = await site.script()
    both = await site.roll_out(script, first.device_id, second.device_id)
    alone = [await site.roll_out(script, first.device_id) for _ in range(2)]
    await second.carries_out()
    for _ in range(3):
        await first.carries_out()
    await site.pause(scope="device", device_id=first.device_id, reason="repair")
    await site.group("Lab", devices=[first.device_id, second.device_id])
    first.socket.send(Heartbeat(METRICS))
    presence = presence_of(site)
    await until(lambda: (seen := presence.view(first.device_id)) and seen.metrics, "metrics")
    await site.fleet.retire(first.device_id)
    assert (await site.get(f"{DEVICES}/retired"))[0]["id"] == first.device_id
    told: list[Changed] = []
    site.service.kernel.bus.subscribe(Changed, told.append)

    answer = await site.call("POST", f"{DEVICES}/{first.device_id}/forget")

    assert answer.status_code == 202, answer.text
    assert await site.get(f"{DEVICES}/retired") == []
    await site.settled()
    assert await rows_of(site, first.device_id) == []
    assert (await site.get(RUNS, device_id=first.device_id))["items"] == []
    assert "runs" in await rows_of(site, second.device_id)
    counters = (await site.get(f"{ROLLOUTS}/{both['id']}"))["counters"]
    assert (counters["total"], counters["succeeded"]) == (1, 1)
    gone = {(one.kind, one.id) for one in told if one.source is None}
    assert {("rollout", one["id"]) for one in alone} <= gone
    assert (await site.refusal(f"{DEVICES}/{first.device_id}/forget"))[0] == 404


def presence_of(site: Site) -> Presence:
    hub: Any = site.fleet.api.hub
    presence: Presence = hub._presence
    return presence
