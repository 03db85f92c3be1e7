"""Nothing starts for somebody who may no longer run work: the right is asked again at the permit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from agent.wire.messages import Permit, PermitAnswer
from agent.wire.states import RunState
from tests.backend.runs.harness import OWNER, Harness
from tests.backend.runs.test_engine import Play


@contextmanager
def statements(harness: Harness) -> Iterator[list[str]]:
    """What is sent to the database's writing connection meanwhile."""
    sent: list[str] = []

    def send(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        sent.append(statement)

    event.listen(harness.database._write_engine, "before_cursor_execute", send)
    yield sent
    event.remove(harness.database._write_engine, "before_cursor_execute", send)


def test_what_a_barred_person_began_is_cancelled_at_its_permit(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1)
        (run_id,) = await harness.start(1)
        attempt = harness.offers(1)[0].attempt
        harness.people.within = {OWNER.user_id: frozenset()}
        await harness.area.attempts.permit(1, Permit(attempt, "n1"))
        (answer,) = harness.answers(PermitAnswer)
        assert (answer.answer, answer.detail) == ("no", "owner may no longer run work here.")
        run = await harness.run(run_id)
        assert (run.state, run.reason) == (RunState.CANCELLED, "creator_barred")
        assert await harness.permit(attempt) == "no"

    play(scenario)


def test_what_had_started_goes_on(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1)
        (run_id,) = await harness.start(1)
        attempt = harness.offers(1)[0].attempt
        assert await harness.permit(attempt) == "yes"
        harness.people.within = {OWNER.user_id: frozenset()}
        assert await harness.permit(attempt) == "yes"
        await harness.done(attempt)
        assert (await harness.run(run_id)).state == RunState.SUCCEEDED

    play(scenario)


def test_who_may_in_groups_only_starts_nothing_on_a_device_that_has_left_them(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.name_members(1, 2)
        harness.people.within = {OWNER.user_id: frozenset({1})}
        await harness.here(1, 2)
        left, _ = await harness.start(1, 2)
        assert await harness.permit(harness.offers(2)[0].attempt, device_id=2) == "yes"
        await harness.area.attempts.permit(1, Permit(harness.offers(1)[0].attempt, "n1"))
        (answer,) = harness.answers(PermitAnswer)
        assert (answer.answer, answer.detail) == ("no", "owner may no longer run work here.")
        run = await harness.run(left)
        assert (run.state, run.reason) == (RunState.CANCELLED, "creator_barred")

    play(scenario)


def test_where_everybody_may_everywhere_nobody_asks_for_groups(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1, 2)
        await harness.start(1, 2)
        with statements(harness) as asked:
            assert await harness.permit(harness.offers(1)[0].attempt) == "yes"
        assert asked
        assert not [one for one in asked if "group_members" in one]
        harness.people.within = {OWNER.user_id: frozenset({1})}
        await harness.name_members(1, 2)
        with statements(harness) as limited:
            assert await harness.permit(harness.offers(2)[0].attempt, device_id=2) == "yes"
        assert len([one for one in limited if "group_members" in one]) == 1
        assert len(limited) == len(asked) + 1

    play(scenario)
