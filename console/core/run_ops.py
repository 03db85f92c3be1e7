"""What can be done with runs, wherever they are listed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from backend_lite.contract.live import ROLLOUT, RUN
from backend_lite.contract.runs import ROLLOUTS, RUNS, Rollout, RolloutCreated, Run, RunRerun
from backend_lite.contract.states import RolloutState
from console.core.client import ApiClient
from console.core.errors import ApiError
from console.core.history import History, Object
from console.core.ops import Op, Progress
from console.core.texts import plural, tr

CONFIRM_NEEDED = "confirm_needed"
"""Code of a refusal that the number of devices, given by a person, turns into a yes."""


def cancel_rollout(client: ApiClient, rollout_id: int) -> Op[Rollout]:
    async def call(_progress: Progress) -> Rollout:
        return await client.post(f"{ROLLOUTS}/{rollout_id}/cancel", None, Rollout)

    return Op(tr("Cancel the rollout"), call, (ROLLOUT, RUN))


def cancel_runs(client: ApiClient, run_ids: Sequence[int]) -> Op[list[str]]:
    """Answers the sentences of those that the service refused, each once."""

    async def call(progress: Progress) -> list[str]:
        refused: dict[str, None] = {}
        for run_id in progress.each(run_ids):
            try:
                await client.post(f"{RUNS}/{run_id}/cancel", None, Run)
            except ApiError as refusal:
                if refusal.status not in (404, 409):
                    raise
                refused[refusal.detail] = None
        return list(refused)

    return Op(plural(len(run_ids), "Cancel the run", "Cancel {count} runs"), call, (RUN,))


def rerun(
    client: ApiClient, run_id: int, from_step: int = 1, confirmed: int | None = None
) -> Op[RolloutCreated]:
    """The same work again on that device. Refused with CONFIRM_NEEDED where `confirmed` has to be given."""

    async def call(_progress: Progress) -> RolloutCreated:
        wanted = RunRerun(from_step, confirmed)
        return await client.post(f"{RUNS}/{run_id}/rerun", wanted, RolloutCreated)

    return Op(tr("Run again"), call, (ROLLOUT, RUN))


@dataclass
class Restarted:
    """How many were started, how many of them wait for a second person, and which runs are left because a
    person has to give their number first, for the reason `why`."""

    started: int = 0
    held: int = 0
    unconfirmed: list[int] = field(default_factory=list)
    why: str = ""


def rerun_all(client: ApiClient, run_ids: Sequence[int], *, confirmed: bool = False) -> Op[Restarted]:
    """Each of these again on its device; with `confirmed` a person has given their number."""

    async def call(progress: Progress) -> Restarted:
        done = Restarted()
        for run_id in progress.each(run_ids):
            try:
                wanted = RunRerun(confirmed_devices=1 if confirmed else None)
                made = await client.post(f"{RUNS}/{run_id}/rerun", wanted, RolloutCreated)
            except ApiError as refusal:
                if refusal.code != CONFIRM_NEEDED:
                    raise
                done.unconfirmed.append(run_id)
                done.why = refusal.detail
            else:
                done.started += 1
                done.held += made.state is RolloutState.HELD
        return done

    return Op(plural(len(run_ids), "Run again", "Run {count} again"), call, (ROLLOUT, RUN))


def older(history: History, query: str, title: str) -> Op[dict[int, Object]]:
    """What `history` did not know yet, one page at most."""

    async def call(_progress: Progress) -> dict[int, Object]:
        return await history.older(query)

    return Op(title, call)
