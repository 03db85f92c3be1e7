"""Pauses over HTTP, with the fleet's own groups and agents that are really offered nothing meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from agent.wire.messages import Cancel, Offer, Permit, PermitAnswer
from backend_lite.contract.common import format_time
from backend_lite.contract.fleet import DEVICES, GROUPS
from backend_lite.contract.pauses import PAUSES
from backend_lite.contract.runs import ROLLOUTS
from tests.backend.runs.site import Site

pytestmark = pytest.mark.anyio

REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({"scope": "galaxy"}, 422, "enum"),
    ({"scope": "group"}, 400, "has a group_id"),
    ({"scope": "device", "group_id": 1}, 400, "has a group_id"),
    ({"scope": "fleet", "device_id": 1}, 400, "has a group_id"),
    ({"scope": "group", "group_id": 4711}, 404, "There is no group"),
    ({"scope": "group", "group_id": 2**70}, 404, "There is no group"),
    ({"scope": "device", "device_id": 4711}, 404, "Device not found"),
    ({"scope": "device", "device_id": 2**70}, 404, "Device not found"),
    ({"scope": "device", "device_id": "x"}, 422, "int"),
    ({"reason": "x" * 501}, 400, "limited to 500 characters"),
    ({"until": "tomorrow"}, 400, "not a time like"),
    ({"until": "9999-12-31T23:59:59Z"}, 400, "too far ahead"),
    ({"until": "2001-01-01T00:00:00Z"}, 400, "in the past"),
]


async def test_a_pause_that_cannot_be_is_refused_in_a_sentence(site: Site) -> None:
    for body, status, words in REFUSED:
        found, sentence = await site.refusal(PAUSES, body)
        assert (found, words in sentence) == (status, True), (body, found, sentence)
    assert await site.get(PAUSES) == []


async def test_a_pause_is_told_with_its_name_and_ended_once(site: Site) -> None:
    device = await site.away("web-1")
    group = await site.group("Lab", devices=[device])
    until = format_time(site.service.clock.now_ms() + 60_000)
    await site.pause(scope="fleet", reason="  audit ")
    await site.pause(scope="group", group_id=group, until=until)
    last = await site.pause(scope="device", device_id=device)
    told = [(one["scope"], one["name"], one["reason"], one["until"]) for one in await site.get(PAUSES)]
    assert told == [("fleet", "", "audit", None), ("group", "Lab", "", until), ("device", "web-1", "", None)]
    answer = await site.call("DELETE", f"{PAUSES}/{last}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert await site.refusal(f"{PAUSES}/{last}", method="DELETE") == (404, "Pause not found")


async def test_a_group_by_query_is_paused_with_whoever_is_in_it_now(site: Site) -> None:
    script = await site.script()
    inside, outside = await site.worker("web-1"), await site.worker("web-2")
    await site.call("PUT", f"{DEVICES}/{inside.device_id}", {"tags": ["lab"]})
    group = await site.group("Lab", query="tag:lab")
    pause = await site.pause(scope="group", group_id=group, reason="exam week")
    made = await site.roll_out(script, inside.device_id, outside.device_id)
    await outside.carries_out()
    held = await site.run(made["run_ids"][0])
    assert (held["state"], held["reason"]) == ("waiting", "paused")
    assert held["waiting"] == "Work is paused on a group that web-1 is in: exam week"
    assert held["until"] is not None
    assert inside.socket.nothing_waits()
    status, sentence = await site.refusal(f"{GROUPS}/{group}", method="DELETE")
    assert (status, "a pause that ada has set" in sentence) == (409, True)
    await site.call("DELETE", f"{PAUSES}/{pause}")
    await inside.carries_out()
    assert (await site.get(f"{ROLLOUTS}/{made['id']}"))["state"] == "done"
    assert (await site.call("DELETE", f"{GROUPS}/{group}")).status_code == 204


async def test_an_offer_is_taken_back_and_its_permit_refused(site: Site) -> None:
    script = await site.script()
    worker = await site.worker()
    made = await site.roll_out(script, worker.device_id)
    offer = await worker.hears(Offer)
    group = await site.group("One", devices=[worker.device_id])
    pauses = [
        await site.pause(scope="group", group_id=group),
        await site.pause(scope="device", device_id=worker.device_id),
        await site.pause(scope="fleet"),
    ]
    assert (await worker.hears(Cancel)).attempt == offer.attempt
    worker.socket.send(Permit(offer.attempt, "late"))
    assert (await worker.hears(PermitAnswer)).answer == "no"
    for number, pause in enumerate(pauses):
        held = await site.run(made["run_ids"][0])
        assert (held["reason"], worker.socket.nothing_waits()) == ("paused", True), number
        assert (await site.call("DELETE", f"{PAUSES}/{pause}")).status_code == 204
    again = await worker.carries_out()
    assert again.attempt != offer.attempt
    assert (await site.run(made["run_ids"][0]))["state"] == "succeeded"


async def test_a_device_that_has_left_a_paused_group_takes_new_work(site: Site) -> None:
    script = await site.script()
    worker = await site.worker()
    group = await site.group("One", devices=[worker.device_id])
    await site.pause(scope="group", group_id=group)
    made = await site.roll_out(script, worker.device_id)
    assert (await site.run(made["run_ids"][0]))["reason"] == "paused"
    await site.post(f"{GROUPS}/{group}/members", {"remove": [worker.device_id]})
    # What waits already asks again every few minutes.
    later = await site.roll_out(script, worker.device_id)
    await worker.carries_out()
    assert (await site.run(later["run_ids"][0]))["state"] == "succeeded"
