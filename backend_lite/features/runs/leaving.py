"""The last step of a retired device: its agent removes itself."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from agent.wire.states import StepState
from backend_lite.contract.actions import ActionType
from backend_lite.contract.fleet import Admission
from backend_lite.contract.runs import DEFAULT_TIMEOUT_S, Policy, Targets
from backend_lite.core.db.unit import Unit
from backend_lite.core.security.principal import Principal
from backend_lite.features.fleet.api import FleetApi, RunTarget
from backend_lite.features.runs.plans import Plan
from backend_lite.features.runs.rollouts import Rollouts
from backend_lite.features.runs.tables import OPEN_STEP, StepRow
from backend_lite.features.runs.targets import Candidate
from backend_lite.features.runs.works import Work

TITLE = "Remove the agent"
_REASON = '{"reason":"device_deleted"}'
"""What the documented calls say with it."""


class Leaving:
    """Its methods run inside the caller's unit or session."""

    def __init__(self, fleet: FleetApi, rollouts: Rollouts) -> None:
        self._fleet = fleet
        self._rollouts = rollouts

    def device_retired(self, unit: Unit, payload: dict[str, Any]) -> None:
        """Outbox reaction: all work of the device ends, and where that is wanted one last step is made."""
        device_id: int = payload["device_id"]
        self._rollouts.device_retired(unit, device_id)
        wanted_by = payload.get("uninstall")
        target = self._fleet.target(unit.session, device_id)
        if wanted_by is None or target is None:
            return
        principal = Principal(
            wanted_by["user_id"],
            wanted_by["name"],
            token_id=wanted_by.get("token_id", 0),
            expires_at_ms=0,
            token_name=wanted_by.get("token_name", ""),
        )
        self._rollouts.start(unit, _plan(target), principal)
        self._fleet.let_leave(unit, device_id)

    def last_step(self, session: Session, device_id: int) -> bool:
        """Whether the retired device has its last step before it."""
        target = self._fleet.target(session, device_id)
        return target is not None and target.admission is Admission.RETIRED and _open(session, device_id)


def is_last_step(fleet: FleetApi, session: Session, step: StepRow) -> bool:
    """A retired device may do this step, and no other."""
    if step.type != ActionType.AGENT_UNINSTALL:
        return False
    target = fleet.target(session, step.device_id)
    return target is not None and target.admission is Admission.RETIRED


def last_step_waits(session: Session, device_id: int) -> bool:
    """It has one, whose turn has not come."""
    return session.scalar(_last_steps(device_id).where(StepRow.state == StepState.WAITING)) is not None


def _open(session: Session, device_id: int) -> bool:
    return session.scalar(_last_steps(device_id)) is not None


def _last_steps(device_id: int) -> Select[int]:
    kind = ActionType.AGENT_UNINSTALL.value
    return select(StepRow.id).where(StepRow.device_id == device_id, OPEN_STEP, StepRow.type == kind).limit(1)


def _plan(target: RunTarget) -> Plan:
    kind = ActionType.AGENT_UNINSTALL.value
    payload = None if target.public_key else _REASON
    work = Work(title=TITLE, type=kind, timeout_s=DEFAULT_TIMEOUT_S, payload=payload)
    return Plan(TITLE, [work], [Candidate(target, named=True)], Policy(), Targets(devices=[target.id]))
