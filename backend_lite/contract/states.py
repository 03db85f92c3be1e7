"""States of rollouts, runs and steps, for clients that may not look into the wire."""

from __future__ import annotations

from agent.wire.states import RUN_ENDS, STEP_ENDS, Outcome, RolloutState, RunState, Source, StepState

__all__ = ["RUN_ENDS", "STEP_ENDS", "Outcome", "RolloutState", "RunState", "Source", "StepState"]
