"""One address that tries many names is slowed, and keeps none of its people out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from backend_lite.contract.access import LOGIN
from backend_lite.features.access.guesses import _AT_ONCE, ADDRESS_FAILURES, ADDRESS_FORGIVES_S
from tests.helpers.service import OWNER, OWNER_PASSWORD, InProcess

pytestmark = pytest.mark.anyio

RIGHT = {"username": OWNER, "password": OWNER_PASSWORD}


@asynccontextmanager
async def seen_as(service: InProcess, address: str) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=service.app, client=(address, 40_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:1") as client:
        yield client


async def guess(client: httpx.AsyncClient, name: str) -> httpx.Response:
    return await client.post(LOGIN, json={"username": name, "password": "not the password"})


async def spray(client: httpx.AsyncClient, times: int = ADDRESS_FAILURES, stem: str = "name") -> list[int]:
    return [(await guess(client, f"{stem}-{number}")).status_code for number in range(times)]


@pytest.fixture(autouse=True)
async def owner(service: InProcess) -> None:
    await service.access.users.create_owner(OWNER, OWNER_PASSWORD)


async def test_many_names_from_one_address_wait(service: InProcess) -> None:
    assert set(await spray(service.client)) == {401}
    refused = await guess(service.client, "one more")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, str(ADDRESS_FORGIVES_S))
    assert refused.json()["detail"] == "Too many failed log-ins from this address. Try again in 30 s."


async def test_from_then_on_it_has_one_try_in_each_span(service: InProcess) -> None:
    await spray(service.client)
    for number in range(3):
        service.clock.advance(ADDRESS_FORGIVES_S)
        assert (await guess(service.client, f"slow-{number}")).status_code == 401
        assert (await guess(service.client, f"fast-{number}")).status_code == 429


async def test_all_is_forgiven_in_time(service: InProcess) -> None:
    await spray(service.client)
    service.clock.advance(ADDRESS_FAILURES * ADDRESS_FORGIVES_S)
    assert set(await spray(service.client, stem="later")) == {401}


async def test_another_address_does_not_wait(service: InProcess) -> None:
    await spray(service.client)
    async with seen_as(service, "10.0.0.9") as elsewhere:
        assert (await elsewhere.post(LOGIN, json=RIGHT)).status_code == 200


async def test_who_has_signed_in_from_there_before_is_let_in(service: InProcess) -> None:
    async with seen_as(service, "10.0.0.9") as office:
        assert (await office.post(LOGIN, json=RIGHT)).status_code == 200
        await spray(office)
        assert (await guess(office, "a new one")).status_code == 429
        assert (await office.post(LOGIN, json=RIGHT)).status_code == 200


async def test_who_has_signed_in_only_elsewhere_waits_a_little(service: InProcess) -> None:
    assert (await service.client.post(LOGIN, json=RIGHT)).status_code == 200
    async with seen_as(service, "10.0.0.9") as office:
        await spray(office)
        assert (await office.post(LOGIN, json=RIGHT)).status_code == 429
        service.clock.advance(ADDRESS_FORGIVES_S)
        assert (await office.post(LOGIN, json=RIGHT)).status_code == 200


async def test_the_answers_do_not_tell_who_is_known_there(service: InProcess) -> None:
    assert (await service.client.post(LOGIN, json=RIGHT)).status_code == 200
    await spray(service.client)
    answers: list[Any] = [await guess(service.client, name) for name in (OWNER, "nobody-here")]
    assert [answer.status_code for answer in answers] == [429, 429]
    assert answers[0].json() == answers[1].json()
    assert answers[0].headers["Retry-After"] == answers[1].headers["Retry-After"]


async def test_successes_cost_nothing_and_pay_for_nothing(service: InProcess) -> None:
    for _ in range(3):
        assert (await service.client.post(LOGIN, json=RIGHT)).status_code == 200
    await spray(service.client)
    assert (await service.client.post(LOGIN, json=RIGHT)).status_code == 200
    assert (await guess(service.client, "one more")).status_code == 429


async def test_guesses_sent_at_once_do_not_all_pass_before_one_is_counted(service: InProcess) -> None:
    sent = ADDRESS_FAILURES + 3 * _AT_ONCE
    answers = await asyncio.gather(*(guess(service.client, f"name-{number}") for number in range(sent)))
    passed = [answer.status_code for answer in answers].count(401)
    assert ADDRESS_FAILURES <= passed < ADDRESS_FAILURES + _AT_ONCE


async def test_a_clock_set_back_keeps_no_address_out(service: InProcess) -> None:
    await spray(service.client)
    service.clock.set_wall(service.clock.now_ms() - 86_400_000)
    assert (await guess(service.client, "one more")).status_code == 401
