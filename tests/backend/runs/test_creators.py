"""Nothing starts for somebody who may no longer run work: the right is asked again at the permit."""

from __future__ import annotations

from agent.wire.messages import Permit, PermitAnswer
from agent.wire.states import RunState
from tests.backend.runs.harness import OWNER, Harness
from tests.backend.runs.test_engine import Play


def test_what_a_barred_person_began_is_cancelled_at_its_permit(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1)
        (run_id,) = await harness.start(1)
        attempt = harness.offers(1)[0].attempt
        harness.people.out = {OWNER.user_id}
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
        harness.people.out = {OWNER.user_id}
        assert await harness.permit(attempt) == "yes"
        await harness.done(attempt)
        assert (await harness.run(run_id)).state == RunState.SUCCEEDED

    play(scenario)
