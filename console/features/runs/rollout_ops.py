"""What can be done with a rollout, and what its runs wrote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backend_lite.contract.live import ROLLOUT, RUN
from backend_lite.contract.output import OutputGroups
from backend_lite.contract.runs import (
    ROLLOUTS,
    RUNS,
    Rollout,
    RolloutCreated,
    RolloutRerun,
)
from backend_lite.contract.streams import STREAMS
from console.core.client import ApiClient
from console.core.ops import Op, Progress
from console.core.plain_output import plain
from console.core.texts import tr

COMPARED = 128 << 10
"""Bytes of each stream that are compared: what a person can look through."""


@dataclass(frozen=True)
class OutputText:
    """`cut` when there was more than COMPARED bytes of a stream."""

    text: str
    cut: bool


def halt(client: ApiClient, rollout_id: int) -> Op[Rollout]:
    return _press(client, rollout_id, "halt", tr("Halt the rollout"))


def resume(client: ApiClient, rollout_id: int) -> Op[Rollout]:
    """Goes on after a halt, or with the next wave."""
    return _press(client, rollout_id, "resume", tr("Go on with the rollout"))


def _press(client: ApiClient, rollout_id: int, verb: str, title: str) -> Op[Rollout]:
    async def call(_progress: Progress) -> Rollout:
        return await client.post(f"{ROLLOUTS}/{rollout_id}/{verb}", None, Rollout)

    return Op(title, call, (ROLLOUT, RUN))


def rerun_failed(client: ApiClient, rollout_id: int, confirmed: int | None = None) -> Op[RolloutCreated]:
    """Refused with CONFIRM_NEEDED where the number of devices has to be given."""

    async def call(_progress: Progress) -> RolloutCreated:
        path = f"{ROLLOUTS}/{rollout_id}/rerun-failed"
        return await client.post(path, RolloutRerun(confirmed), RolloutCreated)

    return Op(tr("Rerun what failed"), call, (ROLLOUT, RUN))


def load_groups(client: ApiClient, rollout_id: int, step: int | None) -> Op[OutputGroups]:
    """Runs with the same output, of one step or of the whole run."""

    async def call(_progress: Progress) -> OutputGroups:
        params = {} if step is None else {"step": step}
        return await client.get(f"{ROLLOUTS}/{rollout_id}/outputs", OutputGroups, params)

    return Op(tr("Compare the outputs"), call)


def load_texts(client: ApiClient, run_ids: Sequence[int], steps: Sequence[int]) -> Op[list[OutputText]]:
    """What each of these runs wrote in these steps."""

    async def call(_progress: Progress) -> list[OutputText]:
        return [await _text(client, run_id, steps) for run_id in run_ids]

    return Op(tr("Load the outputs"), call)


async def _text(client: ApiClient, run_id: int, steps: Sequence[int]) -> OutputText:
    parts, cut = [], False
    for n in steps:
        if len(steps) > 1:
            parts.append(tr("── step {n}", n=n))
        for stream in STREAMS:
            params: dict[str, str | int] = {"stream": stream, "offset": 0, "limit": COMPARED + 1}
            raw = await client.get_bytes(f"{RUNS}/{run_id}/steps/{n}/output", params)
            cut = cut or len(raw) > COMPARED
            if raw and stream != STREAMS[0]:
                parts.append(f"── {stream}")
            if raw:
                parts.append(plain(raw[:COMPARED]).removesuffix("\n"))
    return OutputText("\n".join(parts), cut)
