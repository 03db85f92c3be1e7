"""What can be done with runs."""

from __future__ import annotations

from pathlib import Path

from backend_lite.contract.live import RUN
from backend_lite.contract.runs import ROLLOUTS, RUNS, Rollout, Run
from backend_lite.contract.streams import STREAMS
from console.core.client import ApiClient
from console.core.ops import Op, Progress
from console.core.output_lines import Gaps
from console.core.texts import tr
from console.features.runs.output_source import RunOutput
from console.features.runs.saving import output_text, write_output


def load_run(client: ApiClient, run_id: int) -> Op[Run]:
    async def call(_progress: Progress) -> Run:
        return await client.get(f"{RUNS}/{run_id}", Run)

    return Op(tr("Load the run"), call)


def load_rollout(client: ApiClient, rollout_id: int) -> Op[Rollout]:
    async def call(_progress: Progress) -> Rollout:
        return await client.get(f"{ROLLOUTS}/{rollout_id}", Rollout)

    return Op(tr("Load the rollout"), call)


def cancel_run(client: ApiClient, run_id: int) -> Op[Run]:
    async def call(_progress: Progress) -> Run:
        return await client.post(f"{RUNS}/{run_id}/cancel", None, Run)

    return Op(tr("Cancel the run"), call, (RUN,))


def copy_output(source: RunOutput, encodings: tuple[str, str], gaps: Gaps) -> Op[str]:
    """Answers the text of both streams in the order of arrival."""

    async def call(_progress: Progress) -> str:
        return await output_text(source, encodings, gaps)

    return Op(tr("Copy the output"), call)


def save_output(source: RunOutput, stream: int | None, path: Path, total: int) -> Op[int]:
    """Writes the bytes of `stream`, or of both in the order of arrival; answers how many."""

    async def call(progress: Progress) -> int:
        return await write_output(source, stream, path, progress.report, total)

    name = STREAMS[stream] if stream is not None else tr("output")
    return Op(tr("Save {name} as a file", name=name), call)
