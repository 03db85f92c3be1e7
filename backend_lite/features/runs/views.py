"""Rows to what the contract shows, with the sentence why an open run waits."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from agent.wire.states import RUN_ENDS, RolloutState, RunState, Source, StepState
from backend_lite.contract.common import format_time
from backend_lite.contract.live import ROLLOUT, RUN
from backend_lite.contract.runs import Counters, Policy, Rollout, Run, Step
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import Changed
from backend_lite.features.fleet.api import Hub
from backend_lite.features.runs.parts import RunParts
from backend_lite.features.runs.tables import RUN_STATES, AttemptRow, RolloutRow, RunRow, StepRow

SizesOf = Callable[[int], tuple[int, int] | None]


class Views:
    """`hub` tells who is connected, `sizes_of` how much output an open attempt has."""

    def __init__(self, hub: Hub, sizes_of: SizesOf) -> None:
        self._hub = hub
        self._sizes_of = sizes_of

    def rollout(self, row: RolloutRow) -> Rollout:
        return Rollout(
            id=row.id,
            title=row.title,
            state=RolloutState(row.state),
            script_id=row.script_id,
            revision_id=row.revision_id,
            revision=row.revision,
            type=row.type,
            arguments=row.arguments,
            parameters=row.parameters,
            policy=msgspec.convert(row.policy, Policy),
            counters=Counters(total=row.total, **{state: getattr(row, state) for state in RUN_STATES}),
            created_by=row.created_by,
            created_at=format_time(row.created_at),
            ended_at=_time(row.ended_at),
        )

    def publish(self, unit: Unit, parts: RunParts, *, with_rollout: bool = True) -> None:
        """Tell consoles about the run, and its rollout, as they are now in this unit."""
        if with_rollout:
            self.publish_rollout(unit, parts.rollout)
        unit.publish(Changed(RUN, parts.run.id, lambda: self.run(parts)))

    def publish_rollout(self, unit: Unit, rollout: RolloutRow) -> None:
        unit.publish(Changed(ROLLOUT, rollout.id, lambda: self.rollout(rollout)))

    def run(self, parts: RunParts) -> Run:
        row, rollout = parts.run, parts.rollout
        waiting, until = self._waiting(row, parts.steps)
        return Run(
            id=row.id,
            rollout_id=row.rollout_id,
            title=rollout.title,
            device_id=row.device_id,
            device=row.device,
            state=RunState(row.state),
            reason=row.reason,
            source=Source(row.source) if row.source else None,
            waiting=waiting,
            until=_time(until),
            created_at=format_time(row.created_at),
            started_at=_time(row.started_at),
            ended_at=_time(row.ended_at),
            created_by=rollout.created_by,
            steps=[self._step(step, parts.attempt_of(step)) for step in parts.steps],
            wave=row.wave,
            output_key=row.output_key,
        )

    def _step(self, row: StepRow, attempt: AttemptRow | None) -> Step:
        ended = attempt is not None and attempt.outcome is not None
        open_sizes = self._sizes_of(attempt.id) if attempt is not None and not ended else None
        kept = (attempt.stdout_size, attempt.stderr_size) if attempt is not None else (0, 0)
        total = (attempt.stdout_total, attempt.stderr_total) if attempt is not None and ended else kept
        stdout, stderr = open_sizes or kept
        return Step(
            id=row.id,
            n=row.n,
            type=row.type,
            name=row.name,
            state=StepState(row.state),
            reason=row.reason,
            source=Source(row.source) if row.source else None,
            attempt=row.attempt,
            exit_code=row.exit_code,
            timeout_s=row.timeout_s,
            started_at=_time(row.started_at),
            ended_at=_time(row.ended_at),
            duration_ms=row.duration_ms,
            stdout_size=stdout,
            stderr_size=stderr,
            stdout_total=max(total[0], stdout),
            stderr_total=max(total[1], stderr),
            truncated=total[0] > stdout or total[1] > stderr,
            stdout_gap=attempt.stdout_gap if attempt is not None else 0,
            stderr_gap=attempt.stderr_gap if attempt is not None else 0,
            output_removed_at=_time(attempt.output_removed_at) if attempt is not None else None,
        )

    def _waiting(self, run: RunRow, steps: list[StepRow]) -> tuple[str, int | None]:
        """Why an open run waits, and until when (ms); nothing for one that runs undisturbed or has ended."""
        if run.state in RUN_ENDS:
            return "", None
        step = next((step for step in steps if step.ended_at is None), steps[-1])
        connected = self._hub.connected(run.device_id)
        if step.state in (StepState.QUEUED, StepState.OFFERED, StepState.WAITING):
            return self._before_start(run, step, connected), run.expires_at
        deadline = (step.started_at or run.created_at) + step.timeout_s * 1000
        if not connected:
            return f"No contact with {run.device}. The result is not known before it is back.", deadline
        if step.state == StepState.CANCELLING:
            return f"{run.device} has been told to stop and has not confirmed yet.", deadline
        return "", deadline

    def _before_start(self, run: RunRow, step: StepRow, connected: bool) -> str:
        if not connected:
            return f"{run.device} is offline. The run starts when it comes back."
        if not self._hub.may_work(run.device_id):
            return f"{run.device} may not work before it is approved."
        if step.state == StepState.OFFERED:
            return f"Offered to {run.device}, which has not started it yet."
        return f"Another run is under way on {run.device}."


def _time(value: int | None) -> str | None:
    return None if value is None else format_time(value)
