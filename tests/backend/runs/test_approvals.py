"""Rollouts that wait for a second person: nothing of them starts before, and all of it is settled after."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from agent.wire.states import RolloutState, RunState
from backend_lite.contract.approvals import Approval, ApprovalState
from backend_lite.contract.common import format_time
from backend_lite.contract.live import APPROVAL
from backend_lite.contract.rights import ALL_PERMISSIONS
from backend_lite.contract.runs import Policy, Targets, Waves
from backend_lite.core.db.restored import Restored
from backend_lite.core.security.principal import Principal
from backend_lite.errors import ConflictError, ForbiddenError, ServiceError
from backend_lite.features.runs.removal import remove_runs
from tests.backend.runs.harness import OWNER, Harness
from tests.backend.runs.test_engine import Play
from tests.helpers.setting_values import change_settings

OTHER = Principal(2, "other", 2, 1 << 60, ALL_PERMISSIONS)
HOUR_MS = 3_600_000


async def held(harness: Harness, *devices: int, **fields: Any) -> tuple[int, Approval]:
    """A rollout that waits for a second person, and its approval."""
    change_settings(harness.settings, approve_above=1)
    runs = await harness.start(*devices or (1, 2), **fields)
    rollout_id = await harness.rollout_of(runs[0])
    return rollout_id, await approval_of(harness, rollout_id)


async def approval_of(harness: Harness, rollout_id: int) -> Approval:
    approvals = harness.area.approvals
    page = await harness.database.read(lambda session: approvals.page(session, rollout_id=rollout_id))
    (found,) = page.items
    return found


async def decide(
    harness: Harness, approval: Approval, word: str, *by: Principal, comment: str = ""
) -> Approval:
    method = getattr(harness.area.approvals, word)
    found: Approval = await harness.database.write(lambda unit: method(unit, approval.id, comment, *by))
    return found


async def states(harness: Harness, rollout_id: int) -> list[tuple[str, str]]:
    page = await harness.database.read(
        lambda session: harness.lists.runs(session, 100, None, None, rollout_id=rollout_id)
    )
    return [(run.state, run.reason) for run in page.items]


def test_nothing_is_offered_before_the_approval_and_all_of_it_after(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1, 2)
        rollout_id, approval = await held(harness)
        rollout = await harness.rollout(rollout_id)
        assert rollout.state == RolloutState.HELD
        assert (rollout.waiting, rollout.until) == (
            "Nothing of it starts before a second person has approved it.",
            approval.expires_at,
        )
        assert approval.state is ApprovalState.WAITING
        assert (approval.device_count, approval.requested_by) == (2, "owner")
        assert approval.reasons == ["It is for 2 devices: work on more than 1 needs a second person."]
        run = (await harness.database.read(lambda s: harness.lists.runs(s, 9, None, None))).items[0]
        assert (run.state, run.reason, run.until) == (RunState.WAITING, "approval", approval.expires_at)
        assert run.waiting == "Nothing of the rollout starts before a second person has approved it."
        await harness.look()
        assert not harness.offers(1)
        decided = await decide(harness, approval, "approve", OTHER, comment=" fine ")
        assert (decided.state, decided.comment, decided.decided_by) == ("approved", "fine", "service")
        assert (await harness.rollout(rollout_id)).state == RolloutState.RUNNING
        await harness.carry_out(1)
        await harness.carry_out(2)
        assert (await harness.rollout(rollout_id)).state == RolloutState.DONE

    play(scenario)


def test_who_asked_does_not_approve_and_nobody_else_withdraws(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        _, approval = await held(harness)
        with pytest.raises(ForbiddenError, match="You asked for this yourself"):
            await decide(harness, approval, "approve", OWNER)
        with pytest.raises(ForbiddenError, match="Only owner, who asked for it"):
            await decide(harness, approval, "withdraw", OTHER)
        assert (await decide(harness, approval, "withdraw", OWNER)).state is ApprovalState.WITHDRAWN

    play(scenario)


@pytest.mark.parametrize(
    ("word", "by", "state", "reason"),
    [
        ("refuse", (), ApprovalState.REFUSED, "approval_refused"),
        ("withdraw", (OWNER,), ApprovalState.WITHDRAWN, "approval_withdrawn"),
    ],
)
def test_refused_and_withdrawn_ones_never_start(
    play: Play, word: str, by: tuple[Principal, ...], state: ApprovalState, reason: str
) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1, 2)
        rollout_id, approval = await held(harness)
        assert (await decide(harness, approval, word, *by, comment="no")).state is state
        assert (await harness.rollout(rollout_id)).state == RolloutState.CANCELLED
        assert await states(harness, rollout_id) == [("cancelled", reason)] * 2
        for again in ("approve", "refuse", "withdraw"):
            with pytest.raises(ConflictError, match=rf"It was {state} by service already"):
                await decide(
                    harness, approval, again, *{"approve": (OTHER,), "withdraw": (OWNER,)}.get(again, ())
                )
        await harness.look()
        assert not harness.offers(1)

    play(scenario)


def test_what_nobody_approves_in_time_is_cancelled(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        rollout_id, approval = await held(harness)
        assert approval.expires_at == format_time(harness.clock.ms + 72 * HOUR_MS)
        harness.clock.ms += 72 * HOUR_MS - 1
        await harness.look()
        assert (await harness.rollout(rollout_id)).state == RolloutState.HELD
        harness.clock.ms += 1
        with pytest.raises(ConflictError, match="Its time is over"):
            await decide(harness, approval, "approve", OTHER)
        await harness.look()
        found = await approval_of(harness, rollout_id)
        assert (found.state, found.decided_by) == (ApprovalState.EXPIRED, "")
        assert await states(harness, rollout_id) == [("cancelled", "approval_expired")] * 2

    play(scenario)


def test_an_approval_is_never_waited_for_longer_than_the_runs_are_there(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        rollout_id, approval = await held(harness, policy=Policy(expires_after_s=600))
        assert approval.expires_at == format_time(harness.clock.ms + 600_000)
        harness.clock.ms += 700_000
        await harness.look()
        assert await states(harness, rollout_id) == [("cancelled", "approval_expired")] * 2

    play(scenario)


@pytest.mark.parametrize("word", ["halt", "resume"])
def test_nobody_gets_around_the_approval(play: Play, word: str) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1, 2)
        rollout_id, _ = await held(harness)
        with pytest.raises(ConflictError, match=r"Nothing of the rollout has started\."):
            await getattr(harness, word)(rollout_id)
        assert (await harness.rollout(rollout_id)).state == RolloutState.HELD

    play(scenario)


def test_cancelling_the_rollout_withdraws_it(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        rollout_id, _ = await held(harness)
        await harness.database.write(lambda unit: harness.rollouts.cancel_rollout(unit, rollout_id))
        assert (await approval_of(harness, rollout_id)).state is ApprovalState.WITHDRAWN
        assert await states(harness, rollout_id) == [("cancelled", "approval_withdrawn")] * 2

    play(scenario)


def test_once_none_of_its_runs_is_left_there_is_nothing_to_decide(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        rollout_id, approval = await held(harness)
        await harness.database.write(lambda unit: harness.rollouts.device_retired(unit, 1))
        assert (await approval_of(harness, rollout_id)).state is ApprovalState.WAITING
        await harness.database.write(lambda unit: harness.rollouts.device_retired(unit, 2))
        found = await approval_of(harness, rollout_id)
        assert (found.state, found.comment) == (
            ApprovalState.EXPIRED,
            "None of its runs can start any more.",
        )
        with pytest.raises(ConflictError, match="It was expired already"):
            await decide(harness, approval, "approve", OTHER)

    play(scenario)


def test_an_approved_one_keeps_to_its_time_and_its_waves(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1, 2, 3)
        policy = Policy(not_before=format_time(harness.clock.ms + HOUR_MS), waves=Waves(["1"]))
        rollout_id, approval = await held(harness, 1, 2, 3, policy=policy)
        await decide(harness, approval, "approve", OTHER)
        assert (await harness.rollout(rollout_id)).state == RolloutState.WAITING
        assert {reason for _, reason in await states(harness, rollout_id)} == {"not_before"}
        harness.clock.ms += HOUR_MS
        await harness.look()
        assert len(harness.offers(1)) == 1
        assert not harness.offers(2)
        await harness.carry_out(1)
        assert len(harness.offers(2)) == 1

    play(scenario)


def test_too_many_failures_halt_an_approved_one(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1, 2)
        policy = Policy(waves=Waves(["1"]), failure_limit="0")
        rollout_id, approval = await held(harness, policy=policy)
        await decide(harness, approval, "approve", OTHER)
        await harness.carry_out(1, exit_code=1)
        assert (await harness.rollout(rollout_id)).state == RolloutState.HALTED
        assert not harness.offers(2)

    play(scenario)


def test_it_is_not_approved_for_somebody_who_may_no_longer_run_work(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        rollout_id, approval = await held(harness)
        harness.people.within[OWNER.user_id] = frozenset()
        with pytest.raises(ConflictError, match="owner may no longer run work here"):
            await decide(harness, approval, "approve", OTHER)
        await decide(harness, approval, "refuse")
        assert (await harness.rollout(rollout_id)).state == RolloutState.CANCELLED

    play(scenario)


def test_where_nobody_could_approve_nothing_is_stranded(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        harness.people.approvers = frozenset({OWNER.user_id})
        with pytest.raises(ConflictError, match="nobody else here may approve it") as refused:
            await held(harness)
        assert refused.value.code == "nobody_to_approve"
        page = await harness.database.read(lambda session: harness.lists.rollouts(session, 9, None, None))
        assert page.items == []

    play(scenario)


def test_groups_and_queries_need_the_number_where_lists_do_not(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        change_settings(harness.settings, confirm_above=1)
        assert len(await harness.start(1, 2)) == 2
        for targets in (Targets(groups=[1]), Targets(query="2 3"), Targets(devices=[1], query="2 3")):
            with pytest.raises(ConflictError, match=r'"confirmed_devices": [23]') as refused:
                await harness.start(targets=targets)
            assert refused.value.code == "confirm_needed"
        assert len(await harness.start(targets=Targets(groups=[1]), confirmed_devices=2)) == 2
        with pytest.raises(ConflictError, match="The number given is 3, and the work is for 2 devices now"):
            await harness.start(1, 2, confirmed_devices=3)

    play(scenario)


def test_a_failed_rollout_is_repeated_through_the_same_gate(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1, 2)
        runs = await harness.start(1, 2)
        for device_id in (1, 2):
            await harness.carry_out(device_id, exit_code=1)
        rollout_id = await harness.rollout_of(runs[0])
        reruns = harness.area.reruns
        change_settings(harness.settings, confirm_above=1, approve_above=1)
        with pytest.raises(ConflictError, match="confirmed_devices"):
            await harness.database.write(lambda unit: reruns.failed(unit, rollout_id, OWNER, None))
        made = await harness.database.write(lambda unit: reruns.failed(unit, rollout_id, OWNER, None, 2))
        assert made.state == RolloutState.HELD
        assert len(harness.offers(1)) == 1

    play(scenario)


def test_the_same_key_gives_the_rollout_that_is_held_already(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        change_settings(harness.settings, approve_above=1)
        first = await harness.start(1, 2, key="k")
        harness.people.approvers = frozenset()
        assert await harness.start(1, 2, key="k") == first

    play(scenario)


def test_a_clock_that_is_set_by_years_leaves_as_much_time_as_there_was(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        rollout_id, _ = await held(harness)
        await harness.look()
        harness.clock.jump_ms(10 * 365 * 86_400_000)
        await harness.look()
        found = await approval_of(harness, rollout_id)
        assert found.state is ApprovalState.WAITING
        assert found.expires_at == format_time(harness.clock.ms + 72 * HOUR_MS)
        assert (await harness.rollout(rollout_id)).until == found.expires_at

    play(scenario)


def test_a_restart_of_the_service_changes_nothing(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        rollout_id, approval = await held(harness)
        again = harness.restarted()
        try:
            await again.here(1, 2)
            await again.area.looks.start()
            await again.look()
            assert not again.offers(1)
            await decide(again, approval, "approve", OTHER)
            assert len(again.offers(1)) == 1
            assert (await again.rollout(rollout_id)).state == RolloutState.RUNNING
        finally:
            again.close()

    play(scenario)


def test_after_a_restore_it_is_not_known_whether_it_was_approved_meanwhile(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        rollout_id, _ = await held(harness)
        restored = Restored("b", 0, 0, "e0", with_output=True)
        await harness.database.write(lambda unit: harness.area.restored.take_notice(unit, restored))
        assert await states(harness, rollout_id) == [("unknown", "restored")] * 2
        assert (await approval_of(harness, rollout_id)).state is ApprovalState.EXPIRED

    play(scenario)


def test_it_goes_with_its_rollout(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        _, approval = await held(harness)
        await decide(harness, approval, "refuse")
        harness.changes.clear()
        await harness.database.write(lambda unit: remove_runs(unit, before=harness.clock.ms + 1))
        assert [c.id for c in harness.changes if c.kind == APPROVAL and c.value() is None] == [approval.id]
        with pytest.raises(ServiceError, match="Approval not found"):
            await harness.database.read(lambda session: harness.area.approvals.one(session, approval.id))

    play(scenario)


def test_consoles_are_told(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        _, approval = await held(harness)
        await decide(harness, approval, "refuse")
        told = [msgspec.to_builtins(one.value()) for one in harness.changes if one.kind == APPROVAL]
        assert [one["state"] for one in told] == ["waiting", "refused"]
        assert (await harness.database.read(harness.area.approvals.live))[0].id == approval.id

    play(scenario)
