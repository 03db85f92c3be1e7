"""Destructive steps: which they are, and that no more of them start in an hour than may."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.wire.messages import Cancel, Permit, PermitAnswer
from agent.wire.states import RunState
from backend_lite.contract.actions import ActionType
from backend_lite.contract.common import format_time
from backend_lite.contract.runs import Finding, Severity, TaskAction, TaskCreate
from backend_lite.features.runs.destructive import is_destructive
from backend_lite.features.runs.destructive_cap import HOUR_MS, Places
from backend_lite.features.runs.works import Work
from tests.backend.runs.harness import Harness, add_software
from tests.backend.runs.test_engine import Play
from tests.helpers.setting_values import change_settings

REMOVE = TaskCreate(software_id=1, action=TaskAction.UNINSTALL)


def work(kind: str = "sh", action: TaskAction = TaskAction.RUN) -> Work:
    return Work(title="w", type=kind, timeout_s=1, action=action)


def danger(rule: str, severity: Severity = Severity.DANGER) -> Finding:
    return Finding(severity, rule, "text", 1)


@pytest.mark.parametrize(
    ("asked", "found", "expected"),
    [
        (work(), [], False),
        (work(action=TaskAction.UNDO), [], True),
        (work(action=TaskAction.DETECT), [], False),
        (work("install_software", TaskAction.INSTALL), [], False),
        (work("uninstall_software", TaskAction.UNINSTALL), [], True),
        (work(ActionType.AGENT_UNINSTALL.value), [], True),
        (work(ActionType.REBOOT.value), [], False),
        (work(), [danger("delete")], True),
        (work(), [danger("delete", Severity.WARNING)], False),
        (work(), [danger("credential"), danger("download")], False),
        (work("install_software", TaskAction.INSTALL), [danger("disk")], True),
    ],
)
def test_what_is_destructive(asked: Work, found: list[Finding], expected: bool) -> None:
    assert is_destructive(asked, found) is expected


# ---- the places


@given(
    cap=st.integers(1, 5),
    taken=st.lists(st.integers(0, HOUR_MS - 1), max_size=8).map(sorted),
    asking=st.integers(1, 30),
)
@settings(max_examples=200, deadline=None)
def test_whoever_keeps_to_the_clocks_finds_a_place_and_the_cap_holds(
    cap: int, taken: list[int], asking: int
) -> None:
    """However many ask at once: all that have started, and all that start at their clocks."""
    now = HOUR_MS - 1
    places = Places(cap, taken, (), now)
    holds = [places.take() for _ in range(asking)]
    clocks = [now if hold is None else hold.until for hold in holds]
    assert clocks == sorted(clocks, key=lambda clock: clock or 0)
    starts = sorted([*taken[-cap:], *(clock for clock in clocks if clock is not None)])
    for start in starts[min(cap, len(taken)) :]:
        assert sum(start - HOUR_MS < other <= start for other in starts) <= cap


def test_who_asks_later_waits_behind_those_who_wait() -> None:
    first = Places(2, [10, 20], (), 30)
    clocks = [hold.until for hold in (first.take(), first.take(), first.take()) if hold is not None]
    assert clocks == [10 + HOUR_MS, 20 + HOUR_MS, 10 + 2 * HOUR_MS]
    again = Places(2, [10, 20], [clock for clock in clocks if clock is not None], 30)
    later = again.take()
    assert later is not None
    assert later.until == 20 + 2 * HOUR_MS
    returned = Places(2, [10, 20], [20 + HOUR_MS], 30).take()
    assert returned is not None
    assert returned.until == 10 + HOUR_MS


# ---- in the engine


async def removing(harness: Harness, cap: int, *devices: int) -> list[int]:
    """A rollout that uninstalls on devices that are there; the ids of its runs."""
    change_settings(harness.settings, destructive_per_hour=cap)
    await add_software(harness, uninstall_command="true")
    await harness.here(*devices)
    return await harness.start(*devices, script_id=None, tasks=[REMOVE])


def test_more_than_may_start_wait_with_reason_and_clock_and_go_on_by_themselves(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        runs = await removing(harness, 2, 1, 2, 3)
        assert [len(harness.offers(device)) for device in (1, 2, 3)] == [1, 1, 0]
        start = harness.clock.ms
        for device in (1, 2):
            harness.clock.ms += 1000
            await harness.carry_out(device)
        waiting = await harness.run(runs[2])
        assert (waiting.state, waiting.reason) == (RunState.WAITING, "rate")
        assert waiting.waiting == (
            "At most 2 destructive steps may start in an hour on all devices together."
        )
        assert waiting.until == format_time(start + HOUR_MS)
        assert (await harness.rollout(waiting.rollout_id)).waiting == "Its runs wait; each says for what."
        harness.clock.ms = start + HOUR_MS
        await harness.look()
        assert not harness.offers(3), "the first was offered then, and permitted a second later"
        assert (await harness.run(runs[2])).until == format_time(start + 1000 + HOUR_MS)
        harness.clock.ms += 1000
        await harness.look()
        await harness.carry_out(3)
        assert (await harness.run(runs[2])).state == RunState.SUCCEEDED

    play(scenario)


def test_other_work_goes_on_meanwhile(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await removing(harness, 1, 1, 2)
        await harness.carry_out(1)
        (other,) = await harness.start(2)
        await harness.carry_out(2)
        assert (await harness.run(other)).state == RunState.SUCCEEDED

    play(scenario)


def test_the_permit_itself_keeps_to_the_cap(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        runs = await removing(harness, 3, 1, 2, 3)
        change_settings(harness.settings, destructive_per_hour=2)
        asked = [(device, harness.offers(device)[0].attempt) for device in (1, 2, 3)]
        await asyncio.gather(
            *(harness.area.attempts.permit(device, Permit(attempt, "n")) for device, attempt in asked)
        )
        answers = sorted(str(one.answer) for one in harness.answers(PermitAnswer))
        assert answers == ["no", "yes", "yes"]
        refused = [run for run in [await harness.run(one) for one in runs] if run.reason == "rate"]
        assert len(refused) == 1
        assert len(harness.answers(Cancel)) == 1

    play(scenario)


def test_the_same_permit_again_counts_once(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await removing(harness, 2, 1, 2)
        attempt = harness.offers(1)[0].attempt
        assert [await harness.permit(attempt) for _ in range(3)] == ["yes"] * 3
        assert await harness.permit(harness.offers(2)[0].attempt, device_id=2) == "yes"

    play(scenario)


@pytest.mark.parametrize("cap", [0, 3])
def test_when_more_may_start_those_who_wait_do(play: Play, cap: int) -> None:
    async def scenario(harness: Harness) -> None:
        await removing(harness, 1, 1, 2, 3)
        await harness.carry_out(1)
        change_settings(harness.settings, destructive_per_hour=cap)
        harness.clock.ms += 31_000
        await harness.look()
        assert [len(harness.offers(device)) for device in (2, 3)] == [1, 1]

    play(scenario)


def test_a_device_that_has_gone_keeps_no_place(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await removing(harness, 1, 1, 2)
        assert not harness.offers(2)
        await harness.disconnect(1)
        harness.clock.ms += 31_000
        await harness.look()
        await harness.carry_out(2)
        await harness.connect(1)
        assert len(harness.offers(1)) == 1, "only the offer that was taken back"

    play(scenario)


def test_work_that_destroys_nothing_asks_nothing(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(harness: Harness) -> None:
        def unwanted(*_: Any, **__: Any) -> None:
            raise AssertionError("a statement that ordinary work does not need")

        monkeypatch.setattr("backend_lite.features.runs.destructive_cap.DestructiveCap.places", unwanted)
        await harness.here(1)
        await harness.start(1)
        await harness.carry_out(1)

    play(scenario)
