"""Devices come in by key and token, and take over nobody."""

import asyncio
import dataclasses
import json
from typing import Any

import httpx
import pytest

from agent.wire.codec import to_plain
from agent.wire.fingerprint import fingerprint_words
from agent.wire.messages import CA_PATH, ENROLL_PATH, EnrollRequest
from backend_lite.contract.enroll import ENROLLMENT_TOKENS
from backend_lite.contract.fleet import DEVICES
from backend_lite.core.http.rate_limits import PER_S
from backend_lite.features.enroll.feature import FAILURES
from tests.backend.fleet.conftest import Fleet
from tests.helpers.agents import FACTS, Device, refused, say_hello

pytestmark = pytest.mark.anyio


async def token(fleet: Fleet, **wanted: Any) -> dict[str, Any]:
    answer = await fleet.service.client.post(ENROLLMENT_TOKENS, json=wanted, headers=fleet.owner)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def ask(fleet: Fleet, request: EnrollRequest | dict[str, Any]) -> httpx.Response:
    body = request if isinstance(request, dict) else to_plain(request)
    return await fleet.service.client.post(ENROLL_PATH, json=body)


async def used(fleet: Fleet) -> list[int]:
    answer = await fleet.service.client.get(ENROLLMENT_TOKENS, headers=fleet.owner)
    return [one["used"] for one in answer.json()["items"]]


async def devices(fleet: Fleet) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await fleet.service.client.get(DEVICES, headers=fleet.owner)).json()
    return found


async def test_a_token_lets_a_device_in_which_then_waits_for_approval(fleet_service: Fleet) -> None:
    device, made = Device(), await token(fleet_service)
    answer = await ask(fleet_service, device.enrolment(made["token"]))
    assert answer.status_code == 200
    (found,) = await devices(fleet_service)
    assert answer.json() == {
        "device_id": found["id"],
        "device_uid": device.uid,
        "admission": "pending",
        "fingerprint": fingerprint_words(device.public_key),
    }
    assert (found["admission"], found["hostname"], found["connected"]) == ("pending", "web-1", False)
    assert await used(fleet_service) == [1]
    assert json.loads(json.dumps(fleet_service.changes[0].change)) == found


async def test_a_token_that_says_so_approves_at_once(fleet_service: Fleet) -> None:
    made = await token(fleet_service, auto_approve=True)
    answer = await ask(fleet_service, Device().enrolment(made["token"]))
    assert answer.json()["admission"] == "approved"


async def test_the_same_key_again_gets_the_same_answer_and_uses_up_nothing(fleet_service: Fleet) -> None:
    device, made = Device(), await token(fleet_service, uses=1)
    first = await ask(fleet_service, device.enrolment(made["token"]))
    for _ in range(3):
        again = await ask(fleet_service, device.enrolment(made["token"]))
        assert (again.status_code, again.json()) == (200, first.json())
    assert await used(fleet_service) == [1]
    assert len(await devices(fleet_service)) == 1


async def test_fifty_at_once_on_a_token_for_five_are_five(fleet_service: Fleet) -> None:
    made = await token(fleet_service)
    answers = await asyncio.gather(
        *(ask(fleet_service, Device().enrolment(made["token"])) for _ in range(50))
    )
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [401] * 45
    assert await used(fleet_service) == [5]
    assert len(await devices(fleet_service)) == 5


async def test_one_device_that_asks_many_times_at_once_is_one_device(fleet_service: Fleet) -> None:
    device, made = Device(), await token(fleet_service)
    answers = await asyncio.gather(*(ask(fleet_service, device.enrolment(made["token"])) for _ in range(20)))
    assert {answer.text for answer in answers} == {answers[0].text}
    assert await used(fleet_service) == [1]


async def test_each_refused_token_is_told_why(fleet_service: Fleet) -> None:
    expired = await token(fleet_service, ttl_s=60)
    fleet_service.service.clock.advance(60)
    revoked = await token(fleet_service)
    path = f"{ENROLLMENT_TOKENS}/{revoked['enrollment_token']['id']}"
    assert (await fleet_service.service.client.delete(path, headers=fleet_service.owner)).status_code == 204
    for secret, code in (
        ("dfe_not-a-token", "token_unknown"),
        ("", "token_unknown"),
        (expired["token"], "token_expired"),
        (revoked["token"], "token_revoked"),
    ):
        answer = await ask(fleet_service, Device().enrolment(secret))
        assert (answer.status_code, answer.json()["code"]) == (401, code)
        assert answer.json()["detail"].endswith(".")
        assert not secret or secret not in answer.text


async def test_a_used_up_token_says_so(fleet_service: Fleet) -> None:
    made = await token(fleet_service, uses=1)
    await ask(fleet_service, Device().enrolment(made["token"]))
    answer = await ask(fleet_service, Device().enrolment(made["token"]))
    assert (answer.status_code, answer.json()["code"]) == (401, "token_used_up")


@pytest.mark.parametrize(
    ("tamper", "status"),
    [
        ({"signature": "00" * 64}, 401),
        ({"signature": "nonsense"}, 401),
        ({"public_key": "00" * 32}, 401),
        ({"public_key": "AB" * 32}, 400),
        ({"public_key": "ab"}, 400),
        ({"token": "dfe_another"}, 401),
        ({"facts": {}}, 422),
        ({"facts": None}, 422),
    ],
)
async def test_who_does_not_prove_the_key_stays_outside(
    fleet_service: Fleet, tamper: dict[str, Any], status: int
) -> None:
    made = await token(fleet_service)
    answer = await ask(fleet_service, to_plain(Device().enrolment(made["token"])) | tamper)
    assert answer.status_code == status
    assert await used(fleet_service) == [0]
    assert await devices(fleet_service) == []


async def test_an_enrolment_cannot_be_replayed_with_another_token(fleet_service: Fleet) -> None:
    first, second = await token(fleet_service), await token(fleet_service)
    overheard = Device().enrolment(first["token"])
    answer = await ask(fleet_service, dataclasses.replace(overheard, token=second["token"]))
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_signature")


@pytest.mark.parametrize(
    "same",
    [
        {"machine_id": "other", "hostname": "WEB-1"},
        {"hostname": "other"},
        {"hostname": "other", "machine_id": "x1", "serial": "SN-4711"},
    ],
)
async def test_a_device_with_known_labels_is_a_new_one_and_flagged(
    fleet_service: Fleet, same: dict[str, str]
) -> None:
    facts = dataclasses.replace(FACTS, serial="SN-4711")
    first = await fleet_service.enrolled(Device(), facts=facts)
    before = await fleet_service.get(first)
    second = await fleet_service.enrolled(Device(), approve=False, facts=dataclasses.replace(facts, **same))  # type: ignore[arg-type]
    assert second != first
    assert (await fleet_service.get(second))["possible_duplicate_of"] == first
    assert await fleet_service.get(first) == before


async def test_serial_numbers_that_are_none_flag_nobody(fleet_service: Fleet) -> None:
    for serial in ("To be filled by O.E.M.", "Default string", "0", "", "0000000", "System Serial Number"):
        facts = [
            dataclasses.replace(FACTS, hostname=f"pc-{serial}-{n}", machine_id=f"{serial}-{n}", serial=serial)
            for n in range(2)
        ]
        ids = [await fleet_service.enrolled(Device(), facts=one) for one in facts]
        assert (await fleet_service.get(ids[1]))["possible_duplicate_of"] is None, serial


async def test_the_key_of_a_removed_device_does_not_come_back(fleet_service: Fleet) -> None:
    device = Device()
    await fleet_service.retire(await fleet_service.enrolled(device))
    made = await token(fleet_service)
    answer = await ask(fleet_service, device.enrolment(made["token"]))
    assert (answer.status_code, answer.json()["code"]) == (409, "retired")
    assert "new key" in answer.json()["detail"]
    assert (await used(fleet_service))[0] == 0
    socket = fleet_service.connect()
    await say_hello(socket, device, fleet_service.leaf)
    assert await refused(socket) == "retired"


async def test_a_known_key_with_a_token_that_never_was_is_refused(fleet_service: Fleet) -> None:
    device = Device()
    await fleet_service.enrolled(device)
    answer = await ask(fleet_service, device.enrolment("dfe_never"))
    assert (answer.status_code, answer.json()["code"]) == (401, "token_unknown")


async def test_guessing_is_slowed_down_for_the_guesser_only_for_a_while(fleet_service: Fleet) -> None:
    made = await token(fleet_service)
    for _ in range(FAILURES):
        assert (await ask(fleet_service, Device().enrolment("dfe_guess"))).status_code == 401
    answer = await ask(fleet_service, Device().enrolment(made["token"]))
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= PER_S
    fleet_service.service.clock.advance(int(answer.headers["Retry-After"]))
    assert (await ask(fleet_service, Device().enrolment(made["token"]))).status_code == 200


async def test_success_never_counts_against_an_address(fleet_service: Fleet) -> None:
    made = await token(fleet_service, uses=FAILURES * 2)
    for _ in range(FAILURES + 5):
        assert (await ask(fleet_service, Device().enrolment(made["token"]))).status_code == 200


async def test_the_ca_is_there_for_everybody_to_compare_with_the_pin(fleet_service: Fleet) -> None:
    answer = await fleet_service.service.client.get(CA_PATH)
    assert answer.status_code == 200
    assert answer.text == fleet_service.service.kernel.endpoint.identity.ca_pem


async def test_machines_reach_enrolment_and_the_channel_and_nothing_for_people(fleet_service: Fleet) -> None:
    paths = {route.path for route in fleet_service.app.routes}  # type: ignore[attr-defined]
    assert {ENROLL_PATH, CA_PATH} <= paths
    assert ENROLLMENT_TOKENS not in paths
