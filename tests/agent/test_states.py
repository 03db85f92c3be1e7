"""The table of states: what may become what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.wire.states import (
    RUN_ENDS,
    STEP_ENDS,
    STEP_TRANSITIONS,
    Outcome,
    RunState,
    Source,
    StepState,
    may_change,
)

OPEN = set(StepState) - STEP_ENDS


def test_every_open_state_can_reach_an_end() -> None:
    for state in OPEN:
        reached, waiting = set[StepState](), [state]
        while waiting:
            for further in STEP_TRANSITIONS[waiting.pop()] - reached:
                reached.add(further)
                waiting += [further] if further in OPEN else []
        assert reached & STEP_ENDS, state


@given(st.sampled_from(sorted(STEP_ENDS)), st.sampled_from(sorted(StepState)))
def test_a_reported_end_never_changes(end: StepState, new: StepState) -> None:
    assert not may_change(end, new, source=Source.REPORTED)
    assert not may_change(end, new)


@given(st.sampled_from(sorted(StepState)))
def test_a_presumed_unknown_yields_only_to_a_report(new: StepState) -> None:
    allowed = may_change(StepState.UNKNOWN, new, source=Source.PRESUMED)
    assert allowed == (new in STEP_TRANSITIONS[StepState.UNKNOWN])
    assert not (allowed and new in OPEN)


@pytest.mark.parametrize(
    ("current", "new", "allowed"),
    [
        (StepState.OFFERED, StepState.RUNNING, True),
        (StepState.OFFERED, StepState.SUCCEEDED, False),
        (StepState.QUEUED, StepState.RUNNING, False),
        (StepState.RUNNING, StepState.CANCELLING, True),
        (StepState.RUNNING, StepState.SKIPPED, False),
        (StepState.RUNNING, StepState.QUEUED, True),
        (StepState.CANCELLING, StepState.SUCCEEDED, True),
        (StepState.CANCELLING, StepState.RUNNING, False),
        (StepState.WAITING, StepState.RUNNING, False),
    ],
)
def test_some_steps_of_the_way(current: StepState, new: StepState, allowed: bool) -> None:
    assert may_change(current, new) == allowed


def test_an_end_of_a_run_is_one_of_a_step_or_the_sum_of_them() -> None:
    assert {state.value for state in RUN_ENDS} < {state.value for state in STEP_ENDS}
    assert {state.value for state in set(RunState) - RUN_ENDS} < {state.value for state in OPEN}


def test_every_outcome_of_the_agent_has_its_place_in_the_table() -> None:
    ends = {
        Outcome.EXITED: {StepState.SUCCEEDED, StepState.FAILED},
        Outcome.TIMED_OUT: {StepState.TIMED_OUT},
        Outcome.IDLE: {StepState.TIMED_OUT},
        Outcome.CANCELLED: {StepState.CANCELLED},
        Outcome.NOT_STARTED: {StepState.QUEUED},
        Outcome.REJECTED: {StepState.REJECTED},
        Outcome.UNKNOWN: {StepState.UNKNOWN},
    }
    assert set(ends) == set(Outcome)
    for states in ends.values():
        assert states <= STEP_TRANSITIONS[StepState.RUNNING]
