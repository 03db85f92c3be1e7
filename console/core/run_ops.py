"""What can be done with runs, wherever they are listed."""

from __future__ import annotations

from collections.abc import Sequence

from backend_lite.contract.live import ROLLOUT, RUN
from backend_lite.contract.runs import ROLLOUTS, RUNS, Rollout, RolloutCreated, Run, RunRerun
from console.core.client import ApiClient
from console.core.errors import ApiError
from console.core.history import History, Object
from console.core.ops import Op, Progress
from console.core.texts import plural, tr


def cancel_rollout(client: ApiClient, rollout_id: int) -> Op[Rollout]:
    async def call(_progress: Progress) -> Rollout:
        return await client.post(f"{ROLLOUTS}/{rollout_id}/cancel", None, Rollout)

    return Op(tr("Cancel the rollout"), call, (ROLLOUT, RUN))


def cancel_runs(client: ApiClient, run_ids: Sequence[int]) -> Op[list[str]]:
    """Answers the sentences of those that the service refused, each once."""

    async def call(progress: Progress) -> list[str]:
        refused: dict[str, None] = {}
        for done, run_id in enumerate(run_ids):
            progress.report(done / len(run_ids), "")
            try:
                await client.post(f"{RUNS}/{run_id}/cancel", None, Run)
            except ApiError as refusal:
                if refusal.status not in (404, 409):
                    raise
                refused[refusal.detail] = None
        return list(refused)

    return Op(plural(len(run_ids), "Cancel the run", "Cancel {count} runs"), call, (RUN,))


def rerun(client: ApiClient, run_id: int, from_step: int = 1) -> Op[RolloutCreated]:
    """The same work again on that device."""

    async def call(_progress: Progress) -> RolloutCreated:
        return await client.post(f"{RUNS}/{run_id}/rerun", RunRerun(from_step), RolloutCreated)

    return Op(tr("Run again"), call, (ROLLOUT, RUN))


def rerun_all(client: ApiClient, run_ids: Sequence[int]) -> Op[int]:
    """Each of these again on its device; answers how many were started."""

    async def call(progress: Progress) -> int:
        for done, run_id in enumerate(run_ids):
            progress.report(done / len(run_ids), "")
            await client.post(f"{RUNS}/{run_id}/rerun", RunRerun(), RolloutCreated)
        return len(run_ids)

    return Op(plural(len(run_ids), "Run again", "Run {count} again"), call, (ROLLOUT, RUN))


def older(history: History, query: str, title: str) -> Op[dict[int, Object]]:
    """What `history` did not know yet, one page at most."""

    async def call(_progress: Progress) -> dict[int, Object]:
        return await history.older(query)

    return Op(title, call)
