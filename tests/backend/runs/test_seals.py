"""Secrets are sealed before the write, and in it only what nobody could know before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest
from nacl.signing import SigningKey
from sqlalchemy import select

from backend_lite.contract.parameters import ParameterType, ScriptParameter
from backend_lite.contract.runs import RolloutCreate, Targets, TaskCreate
from backend_lite.features.runs import parameters
from backend_lite.features.runs.tables import StepSecretsRow
from tests.backend.runs.harness import OWNER, Harness, declare

Play = Callable[[Callable[[Harness], Awaitable[None]]], None]

PASSWORD = ScriptParameter("password", ParameterType.SECRET, required=True)


async def _prepared(harness: Harness) -> None:
    harness.fleet.keys = {device: bytes(SigningKey.generate().verify_key) for device in (1, 2, 3)}
    await declare(harness, [PASSWORD])


def _request(*devices: int, **fields: Any) -> RolloutCreate:
    task = TaskCreate(script_id=1, parameters={"password": "hunter22"})
    return RolloutCreate(tasks=[task, task], targets=Targets(list(devices), **fields))


@pytest.fixture
def sealed_for(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The keys for which a secret was sealed, in order."""
    keys: list[bytes] = []
    real = parameters.seal

    def seal(public_key: bytes, value: str) -> str:
        keys.append(public_key)
        return real(public_key, value)

    monkeypatch.setattr("backend_lite.features.runs.seals.seal", seal)
    return keys


def test_the_write_seals_nothing_that_was_sealed_ahead(play: Play, sealed_for: list[bytes]) -> None:
    async def scenario(harness: Harness) -> None:
        await _prepared(harness)
        keys, plans, rollouts = harness.fleet.keys, harness.area.plans, harness.rollouts
        seals = await harness.database.read(lambda session: plans.seal_ahead(session, _request(1, 2), None))
        assert sealed_for == [keys[1], keys[1], keys[2], keys[2]]
        sealed_for.clear()
        # The third has come since.
        await harness.database.write(
            lambda unit: rollouts.create(unit, _request(1, 2, 3), OWNER, None, seals)
        )
        assert sealed_for == [keys[3], keys[3]]
        kept = await harness.database.read(
            lambda session: session.scalars(select(StepSecretsRow.sealed)).all()
        )
        assert len({sealed["password"] for sealed in kept}) == 6

    play(scenario)


def test_nothing_is_refused_ahead_and_nothing_sealed_for_what_cannot_be(
    play: Play, sealed_for: list[bytes]
) -> None:
    async def scenario(harness: Harness) -> None:
        await _prepared(harness)
        plans = harness.area.plans
        harness.fleet.systems[2] = "windows"
        harness.fleet.languages[3] = ("powershell",)
        for request in (_request(), _request(99), _request(groups=[1])):
            await harness.database.read(partial(plans.seal_ahead, request=request, groups=None))
        # Of the group, device 2 has the language and device 3 has not.
        assert sealed_for == [harness.fleet.keys[2]] * 2

    play(scenario)
