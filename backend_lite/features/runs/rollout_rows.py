"""The rows of a new rollout."""

from __future__ import annotations

import msgspec

from agent.wire.states import RolloutState, RunState, Source, StepState
from backend_lite.contract.runs import Policy
from backend_lite.core.security.principal import Principal
from backend_lite.features.runs.advance import first_state, next_look, not_before
from backend_lite.features.runs.conditions import CONDITION
from backend_lite.features.runs.gates import Waits
from backend_lite.features.runs.plans import Plan, is_skipped
from backend_lite.features.runs.rows import ROLLOUT_ROWS, RUN_ROWS, STEP_ROWS, TASK_FILE_ROWS, TASK_ROWS
from backend_lite.features.runs.shares import wave_sizes
from backend_lite.features.runs.tables import (
    RUN_STATES,
    RolloutRow,
    RolloutTaskRow,
    RunRow,
    StepRow,
    TaskFileRow,
)
from backend_lite.features.runs.targets import Candidate
from backend_lite.features.runs.works import Work


def rollout_row(
    plan: Plan, principal: Principal, key: str | None, now: int, held_until: int | None = None
) -> RolloutRow:
    """Its counters are set when its runs are made. With `held_until` it waits for an approval until then."""
    first = plan.works[0]
    alone = len(plan.works) == 1
    row = ROLLOUT_ROWS.new(
        title=plan.title,
        state=first_state(plan.policy, now) if held_until is None else RolloutState.HELD,
        type=first.type,
        script_id=first.script_id if alone else None,
        revision_id=first.revision_id if alone else None,
        revision=first.revision if alone else None,
        arguments=first.arguments if alone else [],
        parameters=first.parameters if alone else {},
        policy=msgspec.to_builtins(plan.policy),
        targets=msgspec.to_builtins(plan.targets),
        waves=wave_sizes(plan.policy.waves, plan.runs),
        wave=1,
        forgiven=0,
        offered=0,
        total=len(plan.candidates),
        **dict.fromkeys(RUN_STATES, 0),
        cancel_requested=False,
        created_by_id=principal.user_id,
        created_by=principal.name,
        token_id=principal.token_id if principal.token_name else None,
        token_name=principal.token_name,
        idempotency_key=key,
        origin_id=plan.origin_id,
        software_id=first.software_id if alone else None,
        profile_id=plan.profile_id,
        profile_revision=plan.profile_revision,
        created_at=now,
    )
    row.look_at = next_look(row, plan.policy, now) if held_until is None else held_until
    return row


def task_row(rollout: RolloutRow, n: int, work: Work) -> RolloutTaskRow:
    return TASK_ROWS.new(
        rollout_id=rollout.id,
        n=n,
        type=work.type,
        name=work.title,
        script_id=work.script_id,
        revision_id=work.revision_id,
        revision=work.revision,
        payload=work.payload,
        arguments=work.arguments,
        parameters=work.parameters,
        secrets=work.secret_names,
        files={file.name: file.file_name for file in work.files},
        timeout_s=work.timeout_s,
        continue_on_error=work.continue_on_error,
        may_repeat=work.may_repeat,
        action=work.action.value,
        software_id=work.software_id,
        profile_task_id=work.profile_task_id,
        reboot=work.reboot.value,
        condition=msgspec.to_builtins(work.condition),
        exit_codes=work.exit_codes,
    )


def file_rows(rollout: RolloutRow, n: int, work: Work) -> list[TaskFileRow]:
    return [
        TASK_FILE_ROWS.new(rollout_id=rollout.id, n=n, name=file.name, content=file.content)
        for file in work.files
    ]


def run_row(rollout: RolloutRow, plan: Plan, candidate: Candidate, wave: int) -> RunRow:
    state, reason, _ = _beginning(rollout, candidate, wave)
    ended = is_skipped(candidate)
    return RUN_ROWS.new(
        rollout_id=rollout.id,
        device_id=candidate.target.id,
        device=candidate.target.hostname,
        state=state,
        reason=reason,
        source=Source.PRESUMED if ended else None,
        wave=wave,
        reboots=0,
        expires_at=expiry_of(plan.policy, rollout.created_at),
        created_at=rollout.created_at,
        ended_at=rollout.created_at if ended else None,
    )


def expiry_of(policy: Policy, now: int) -> int:
    """When a run that is made now expires unless its device took it."""
    return max(now, not_before(policy)) + policy.expires_after_s * 1000


def step_row(
    rollout: RolloutRow, run: RunRow, n: int, work: Work, candidate: Candidate, *, destructive: bool
) -> StepRow:
    _, reason, state = _beginning(rollout, candidate, run.wave)
    ended = run.ended_at is not None
    if not ended and n - 1 in candidate.skips:
        state, reason, ended = StepState.SKIPPED, CONDITION, True
    elif not ended and any(earlier not in candidate.skips for earlier in range(n - 1)):
        state, reason = StepState.WAITING, ""
    return STEP_ROWS.new(
        run_id=run.id,
        device_id=run.device_id,
        n=n,
        type=work.type,
        name=work.title,
        script_id=work.script_id,
        revision_id=work.revision_id,
        timeout_s=work.timeout_s,
        continue_on_error=work.continue_on_error,
        destructive=destructive,
        state=state,
        reason=reason,
        source=Source.PRESUMED if ended else None,
        created_at=run.created_at,
        updated_at=run.created_at,
        ended_at=run.created_at if ended else None,
    )


def _beginning(rollout: RolloutRow, candidate: Candidate, wave: int) -> tuple[RunState, str, StepState]:
    """State and reason of a new run, and the state of its first step."""
    if is_skipped(candidate):
        return RunState.SKIPPED, candidate.problem, StepState.SKIPPED
    if rollout.state == RolloutState.HELD:
        return RunState.WAITING, Waits.APPROVAL, StepState.WAITING
    if rollout.state == RolloutState.WAITING:
        return RunState.WAITING, Waits.NOT_BEFORE, StepState.WAITING
    if wave > rollout.wave:
        return RunState.WAITING, Waits.WAVE, StepState.WAITING
    return RunState.QUEUED, "", StepState.QUEUED
