"""Rows to what the contract shows, with the sentence why an open run waits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from agent.wire.states import RolloutState, RunState, Source, StepState
from backend_lite.contract.common import format_time, optional_time
from backend_lite.contract.live import ROLLOUT, RUN
from backend_lite.contract.runs import Counters, Policy, Rollout, Run, Step, Targets, Task, Try
from backend_lite.core.clock import Clock
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import Changed
from backend_lite.features.fleet.api import Hub
from backend_lite.features.runs.parts import RunParts
from backend_lite.features.runs.sentences import is_wave_done, rollout_wait, run_wait
from backend_lite.features.runs.tables import RUN_STATES, AttemptRow, RolloutRow, StepRow

PROGRESS = "progress"
"""The part of a rollout that changes while it goes on."""

SizesOf = Callable[[int], tuple[int, int] | None]


class Views:
    """`hub` tells who is connected, `sizes_of` how much output an open attempt has."""

    def __init__(self, hub: Hub, sizes_of: SizesOf, clock: Clock) -> None:
        self._hub = hub
        self._sizes_of = sizes_of
        self._clock = clock

    def rollout(self, row: RolloutRow, tasks: list[Task]) -> Rollout:
        """A row with all its columns."""
        return Rollout(
            id=row.id,
            title=row.title,
            script_id=row.script_id,
            revision_id=row.revision_id,
            revision=row.revision,
            type=row.type,
            arguments=row.arguments,
            parameters=row.parameters,
            policy=msgspec.convert(row.policy, Policy),
            created_by=row.created_by,
            created_at=format_time(row.created_at),
            tasks=tasks,
            targets=msgspec.convert(row.targets, Targets),
            waves=row.waves,
            origin_id=row.origin_id,
            software_id=row.software_id,
            profile_id=row.profile_id,
            profile_revision=row.profile_revision,
            token_id=row.token_id,
            token_name=row.token_name,
            **progress(row),
        )

    def publish(self, unit: Unit, parts: RunParts) -> None:
        """Tell consoles about the run as it is now in this unit."""
        unit.publish(Changed(RUN, parts.run.id, lambda: self.run(parts)))

    def publish_rollout(self, unit: Unit, row: RolloutRow, tasks: list[Task]) -> None:
        """Tell consoles about a new rollout."""
        unit.publish(Changed(ROLLOUT, row.id, lambda: self.rollout(row, tasks)))

    def publish_progress(self, unit: Unit, row: RolloutRow) -> None:
        """Tell consoles what changes while a rollout goes on."""
        unit.publish(Changed(ROLLOUT, row.id, lambda: msgspec.to_builtins(progress(row)), PROGRESS))

    def run(self, parts: RunParts) -> Run:
        row, rollout = parts.run, parts.rollout
        reason, waiting, until = run_wait(self._hub, rollout, row, parts.next_step, self._clock.now_ms())
        return Run(
            id=row.id,
            rollout_id=row.rollout_id,
            title=rollout.title,
            device_id=row.device_id,
            device=row.device,
            state=RunState(row.state),
            reason=reason,
            source=Source(row.source) if row.source else None,
            waiting=waiting,
            until=optional_time(until),
            created_at=format_time(row.created_at),
            started_at=optional_time(row.started_at),
            ended_at=optional_time(row.ended_at),
            created_by=rollout.created_by,
            steps=[
                self._step(step, parts.attempt_of(step), parts.tries.get(step.id, ())) for step in parts.steps
            ],
            wave=row.wave,
            output_key=row.output_key,
        )

    def _step(self, row: StepRow, attempt: AttemptRow | None, tries: Sequence[AttemptRow]) -> Step:
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
            started_at=optional_time(row.started_at),
            ended_at=optional_time(row.ended_at),
            duration_ms=row.duration_ms,
            stdout_size=stdout,
            stderr_size=stderr,
            stdout_total=max(total[0], stdout),
            stderr_total=max(total[1], stderr),
            truncated=total[0] > stdout or total[1] > stderr,
            stdout_gap=attempt.stdout_gap if attempt is not None else 0,
            stderr_gap=attempt.stderr_gap if attempt is not None else 0,
            output_removed_at=optional_time(attempt.output_removed_at) if attempt is not None else None,
            tries=[_try(one) for one in tries],
        )


def progress(row: RolloutRow) -> dict[str, Any]:
    """The fields of a rollout that change while it goes on."""
    return {
        "state": RolloutState(row.state),
        "counters": Counters(total=row.total, **{state: getattr(row, state) for state in RUN_STATES}),
        "ended_at": optional_time(row.ended_at),
        "wave": row.wave,
        "waiting": rollout_wait(row),
        "until": optional_time(row.look_at) if row.ended_at is None else None,
        "wave_done": is_wave_done(row),
    }


def _try(row: AttemptRow) -> Try:
    return Try(
        attempt=row.n,
        outcome=row.outcome or "",
        detail=row.detail,
        exit_code=row.exit_code,
        started_at=optional_time(row.permitted_at),
        ended_at=optional_time(row.ended_at),
        stdout_size=row.stdout_size,
        stderr_size=row.stderr_size,
        stdout_total=row.stdout_total,
        stderr_total=row.stderr_total,
        stdout_gap=row.stdout_gap,
        stderr_gap=row.stderr_gap,
        output_removed_at=optional_time(row.output_removed_at),
    )
