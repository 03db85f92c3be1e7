"""Steps, runs and counters stay true under every order of legal and illegal changes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from agent.wire.states import RUN_ENDS, STEP_ENDS, RunState, Source, StepState, may_change
from backend_lite.core.db.base import Base
from backend_lite.features.access import tables as _access_tables  # noqa: F401
from backend_lite.features.fleet import tables as _fleet_tables  # noqa: F401
from backend_lite.features.library import tables as _library_tables  # noqa: F401
from backend_lite.features.runs.parts import RunParts, load_run
from backend_lite.features.runs.tables import RUN_STATES, RolloutRow, RunRow, StepRow
from backend_lite.features.runs.transitions import IllegalTransitionError, change_step, run_state

S = StepState


@pytest.fixture
def session() -> Iterator[Session]:
    with _session() as opened:
        yield opened


@cache
def _engine() -> Engine:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    return engine


def _session() -> Session:
    """Nothing is committed: closing it leaves the tables empty for the next."""
    return Session(_engine())


def _run_of(session: Session, steps: int, *, go_on: bool = False) -> list[StepRow]:
    rollout = RolloutRow(
        title="t", state="running", type="sh", arguments=[], parameters={}, policy={}, total=1, queued=1,
        created_by_id=1, created_by="o", created_at=0,
    )  # fmt: skip
    session.add(rollout)
    session.flush()
    run = RunRow(rollout_id=rollout.id, device_id=1, device="d", state="queued", expires_at=9, created_at=0)
    session.add(run)
    session.flush()
    session.add_all(
        StepRow(
            run_id=run.id, device_id=1, n=n, type="sh", name="s", arguments=[], parameters={}, timeout_s=1,
            continue_on_error=go_on, state="queued" if n == 1 else "waiting", created_at=0, updated_at=0,
        )
        for n in range(1, steps + 1)
    )  # fmt: skip
    session.flush()
    parts = load_run(session, run.id)
    assert parts is not None
    return parts.steps


def _parts(session: Session, step: StepRow) -> RunParts:
    session.flush()
    parts = load_run(session, step.run_id)
    assert parts is not None
    return parts


def _finish(session: Session, step: StepRow, end: StepState) -> None:
    change_step(_parts(session, step), step, S.OFFERED, 1)
    change_step(_parts(session, step), step, S.RUNNING, 2)
    change_step(_parts(session, step), step, end, 3, source=Source.REPORTED)


def test_steps_run_in_order_and_the_run_succeeds_at_the_last(session: Session) -> None:
    first, second = _run_of(session, 2)
    run = session.get_one(RunRow, first.run_id)

    _finish(session, first, S.SUCCEEDED)
    assert (second.state, run.state, run.ended_at) == (S.QUEUED, RunState.RUNNING, None)

    _finish(session, second, S.SUCCEEDED)
    assert (run.state, run.ended_at, run.source) == (RunState.SUCCEEDED, 3, Source.REPORTED)
    rollout = session.get_one(RolloutRow, run.rollout_id)
    assert (rollout.state, rollout.succeeded, rollout.running, rollout.ended_at) == ("done", 1, 0, 3)


def test_a_failure_skips_the_rest(session: Session) -> None:
    first, second, third = _run_of(session, 3)
    _finish(session, first, S.FAILED)
    assert [second.state, third.state] == [S.SKIPPED, S.SKIPPED]
    assert session.get_one(RunRow, first.run_id).state == RunState.FAILED


def test_a_forgiven_failure_goes_on(session: Session) -> None:
    first, second = _run_of(session, 2, go_on=True)
    _finish(session, first, S.FAILED)
    assert second.state == S.QUEUED
    _finish(session, second, S.SUCCEEDED)
    assert session.get_one(RunRow, first.run_id).state == RunState.SUCCEEDED


@pytest.mark.parametrize("end", [S.UNKNOWN, S.CANCELLED])
def test_what_is_not_known_or_was_stopped_is_never_forgiven(session: Session, end: StepState) -> None:
    first, second = _run_of(session, 2, go_on=True)
    _finish(session, first, end)
    assert second.state == S.SKIPPED
    assert session.get_one(RunRow, first.run_id).state == end


def test_a_reported_end_never_changes(session: Session) -> None:
    (step,) = _run_of(session, 1)
    _finish(session, step, S.FAILED)
    with pytest.raises(IllegalTransitionError):
        change_step(_parts(session, step), step, S.SUCCEEDED, 4, source=Source.REPORTED)
    assert step.state == S.FAILED


def test_a_presumed_unknown_yields_once_to_the_report(session: Session) -> None:
    (step,) = _run_of(session, 1)
    change_step(_parts(session, step), step, S.OFFERED, 1)
    change_step(_parts(session, step), step, S.RUNNING, 2)
    change_step(_parts(session, step), step, S.UNKNOWN, 3, source=Source.PRESUMED)
    change_step(_parts(session, step), step, S.SUCCEEDED, 4, source=Source.REPORTED)
    run = session.get_one(RunRow, step.run_id)
    rollout = session.get_one(RolloutRow, run.rollout_id)
    assert (run.state, rollout.unknown, rollout.succeeded) == (RunState.SUCCEEDED, 0, 1)
    with pytest.raises(IllegalTransitionError):
        change_step(_parts(session, step), step, S.FAILED, 5, source=Source.REPORTED)


@given(
    st.integers(1, 4), st.booleans(), st.lists(st.tuples(st.integers(0, 3), st.sampled_from(S)), max_size=40)
)
def test_counters_and_states_agree_after_any_changes(
    count: int, go_on: bool, changes: list[tuple[int, StepState]]
) -> None:
    with _session() as session:
        steps = _run_of(session, count, go_on=go_on)
        run = session.get_one(RunRow, steps[0].run_id)
        rollout = session.get_one(RolloutRow, run.rollout_id)
        for now, (index, state) in enumerate(changes):
            step = steps[index % count]
            current = StepState(step.state)
            source = Source.REPORTED if state in STEP_ENDS else None
            legal = may_change(current, state, source=Source(step.source) if step.source else None)
            try:
                change_step(_parts(session, step), step, state, now, source=source)
                assert legal
            except IllegalTransitionError:
                assert not legal
                assert step.state == current
            counters = {name: getattr(rollout, name) for name in RUN_STATES}
            assert counters == {name: int(name == run.state) for name in RUN_STATES}
            assert run.state == run_state(steps)
            assert (run.ended_at is not None) == (run.state in RUN_ENDS) == (rollout.ended_at is not None)
            assert all((step.ended_at is not None) == (step.state in STEP_ENDS) for step in steps)
