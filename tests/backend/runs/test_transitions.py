"""Steps, runs and counters stay true under every order of legal and illegal changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.wire.states import RUN_ENDS, STEP_ENDS, RunState, Source, StepState, may_change
from backend_lite.features.runs.parts import RunParts
from backend_lite.features.runs.tables import RUN_STATES, RolloutRow, RunRow, StepRow
from backend_lite.features.runs.transitions import IllegalTransitionError, change_step, run_state

S = StepState


def _run_of(steps: int, *, go_on: bool = False) -> RunParts:
    rollout = RolloutRow(
        id=1, state="running", total=1, cancel_requested=False, **dict.fromkeys(RUN_STATES, 0)
    )
    rollout.queued = 1
    rows = [
        StepRow(id=n, n=n, continue_on_error=go_on, reason="", state="queued" if n == 1 else "waiting")
        for n in range(1, steps + 1)
    ]
    return RunParts(rollout, RunRow(id=1, state="queued"), rows)


def _finish(parts: RunParts, step: StepRow, end: StepState) -> None:
    change_step(parts, step, S.OFFERED, 1)
    change_step(parts, step, S.RUNNING, 2)
    change_step(parts, step, end, 3, source=Source.REPORTED)


def test_steps_run_in_order_and_the_run_succeeds_at_the_last() -> None:
    parts = _run_of(2)
    first, second = parts.steps
    run = parts.run

    _finish(parts, first, S.SUCCEEDED)
    assert (second.state, run.state, run.ended_at) == (S.QUEUED, RunState.RUNNING, None)

    _finish(parts, second, S.SUCCEEDED)
    assert (run.state, run.ended_at, run.source) == (RunState.SUCCEEDED, 3, Source.REPORTED)
    rollout = parts.rollout
    assert (rollout.state, rollout.succeeded, rollout.running, rollout.ended_at) == ("done", 1, 0, 3)


def test_a_failure_skips_the_rest() -> None:
    parts = _run_of(3)
    first, second, third = parts.steps
    _finish(parts, first, S.FAILED)
    assert [second.state, third.state] == [S.SKIPPED, S.SKIPPED]
    assert parts.run.state == RunState.FAILED


def test_a_forgiven_failure_goes_on() -> None:
    parts = _run_of(2, go_on=True)
    first, second = parts.steps
    _finish(parts, first, S.FAILED)
    assert second.state == S.QUEUED
    _finish(parts, second, S.SUCCEEDED)
    assert parts.run.state == RunState.SUCCEEDED


@pytest.mark.parametrize("end", [S.UNKNOWN, S.CANCELLED])
def test_what_is_not_known_or_was_stopped_is_never_forgiven(end: StepState) -> None:
    parts = _run_of(2, go_on=True)
    first, second = parts.steps
    _finish(parts, first, end)
    assert second.state == S.SKIPPED
    assert parts.run.state == end


def test_a_reported_end_never_changes() -> None:
    parts = _run_of(1)
    (step,) = parts.steps
    _finish(parts, step, S.FAILED)
    with pytest.raises(IllegalTransitionError):
        change_step(parts, step, S.SUCCEEDED, 4, source=Source.REPORTED)
    assert step.state == S.FAILED


def test_a_presumed_unknown_yields_once_to_the_report() -> None:
    parts = _run_of(1)
    (step,) = parts.steps
    change_step(parts, step, S.OFFERED, 1)
    change_step(parts, step, S.RUNNING, 2)
    change_step(parts, step, S.UNKNOWN, 3, source=Source.PRESUMED)
    change_step(parts, step, S.SUCCEEDED, 4, source=Source.REPORTED)
    run, rollout = parts.run, parts.rollout
    assert (run.state, rollout.unknown, rollout.succeeded) == (RunState.SUCCEEDED, 0, 1)
    with pytest.raises(IllegalTransitionError):
        change_step(parts, step, S.FAILED, 5, source=Source.REPORTED)


@given(
    st.integers(1, 4), st.booleans(), st.lists(st.tuples(st.integers(0, 3), st.sampled_from(S)), max_size=40)
)
def test_counters_and_states_agree_after_any_changes(
    count: int, go_on: bool, changes: list[tuple[int, StepState]]
) -> None:
    parts = _run_of(count, go_on=go_on)
    run, rollout, steps = parts.run, parts.rollout, parts.steps
    for now, (index, state) in enumerate(changes):
        step = steps[index % count]
        current = StepState(step.state)
        source = Source.REPORTED if state in STEP_ENDS else None
        legal = may_change(current, state, source=Source(step.source) if step.source else None)
        try:
            change_step(parts, step, state, now, source=source)
            assert legal
        except IllegalTransitionError:
            assert not legal
            assert step.state == current
        counters = {name: getattr(rollout, name) for name in RUN_STATES}
        assert counters == {name: int(name == run.state) for name in RUN_STATES}
        assert run.state == run_state(steps)
        assert (run.ended_at is not None) == (run.state in RUN_ENDS) == (rollout.ended_at is not None)
        assert all((step.ended_at is not None) == (step.state in STEP_ENDS) for step in steps)
