"""Trying again after a failure, where the work may be repeated."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from agent.wire.states import Outcome
from backend_lite.contract.runs import Retries
from backend_lite.features.runs.gates import Hold, Waits
from backend_lite.features.runs.parts import RunParts
from backend_lite.features.runs.tables import AttemptRow, StepRow

MAX_DELAY_S = 3600


def retry_hold(
    session: Session, parts: RunParts, step: StepRow, may_repeat: bool, failure: str, now: int
) -> Hold | None:
    """How long the step waits for its next attempt; None where the failure is its end. The current attempt
    has its outcome in `parts`, not yet in the database."""
    retries = parts.policy.retries
    if not may_repeat or retries.count < 1:
        return None
    tried = _tried_before(session, step) + 1
    at = now + delay_s(retries, tried) * 1000
    if tried > retries.count or at >= parts.run.expires_at:
        return None
    sentence = f"Attempt {tried} of {retries.count + 1} {failure}. It is tried again."
    return Hold(Waits.RETRY, sentence, at)


def delay_s(retries: Retries, tried: int) -> int:
    """Before the attempt that follows `tried` ones: each time twice as long, at most an hour."""
    return int(min(retries.delay_s * 2 ** min(tried - 1, 30), MAX_DELAY_S))


def failure_words(outcome: str, exit_code: int | None) -> str:
    """How an attempt ended, to be put into a sentence."""
    match outcome:
        case Outcome.EXITED:
            return f"ended with exit code {exit_code}"
        case Outcome.TIMED_OUT:
            return "took longer than its time limit"
        case Outcome.IDLE:
            return "printed nothing for too long"
        case _:
            return "ended in a way that is not known"


def _tried_before(session: Session, step: StepRow) -> int:
    """Earlier attempts that did run."""
    query = select(func.count(AttemptRow.id)).where(
        AttemptRow.step_id == step.id,
        AttemptRow.n < step.attempt,
        AttemptRow.outcome.is_not(None),
        AttemptRow.outcome != Outcome.NOT_STARTED,
    )
    return session.scalar(query) or 0
