"""Whether a pause keeps work from starting on a device: a pure decision over the few pauses there are."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from backend_lite.contract.pauses import PauseScope
from backend_lite.core.db.prepared import Prepared
from backend_lite.features.fleet.api import FleetApi
from backend_lite.features.runs.gates import Hold, Waits
from backend_lite.features.runs.moment import Moment
from backend_lite.features.runs.tables import PauseRow, RunRow

GROUP_AGAIN_MS = 300_000


@dataclass(frozen=True, slots=True)
class ActivePause:
    scope: str
    group_id: int | None
    device_id: int | None
    reason: str
    until: int | None


_PAUSES = Prepared(
    select(PauseRow.scope, PauseRow.group_id, PauseRow.device_id, PauseRow.reason, PauseRow.until).order_by(
        PauseRow.id
    )
)


def pause_gate(moment: Moment, fleet: FleetApi, run: RunRow) -> Hold | None:
    """The wait that the first of the pauses which hold the run's device puts on it."""
    pauses = active_pauses(moment)
    if not pauses:
        return None
    groups = frozenset(
        pause.group_id
        for pause in pauses
        if pause.group_id is not None and run.device_id in _members(moment, fleet, pause.group_id)
    )
    found = next((pause for pause in pauses if holds(pause, run.device_id, groups)), None)
    return None if found is None else _hold(found, run.device, moment.now)


def active_pauses(moment: Moment) -> list[ActivePause]:
    if moment.pauses is None:
        pauses = [ActivePause(*row) for row in _PAUSES.all(moment.connection)]
        moment.pauses = [one for one in pauses if one.until is None or one.until > moment.now]
    return moment.pauses


def holds(pause: ActivePause, device_id: int, groups: frozenset[int]) -> bool:
    match pause.scope:
        case PauseScope.FLEET:
            return True
        case PauseScope.DEVICE:
            return pause.device_id == device_id
        case _:
            return pause.group_id in groups


def _members(moment: Moment, fleet: FleetApi, group_id: int) -> frozenset[int]:
    found = moment.members.get(group_id)
    if found is None:
        found = moment.members[group_id] = frozenset(fleet.group_members(moment.session, group_id))
    return found


def _hold(pause: ActivePause, device: str, now: int) -> Hold:
    until = pause.until
    match pause.scope:
        case PauseScope.FLEET:
            what = "All work is paused"
        case PauseScope.DEVICE:
            what = f"Work on {device} is paused"
        case _:
            what = f"Work is paused on a group that {device} is in"
            # It may leave the group, and nobody tells.
            until = min(until or now + GROUP_AGAIN_MS, now + GROUP_AGAIN_MS)
    return Hold(Waits.PAUSED, f"{what}: {pause.reason}" if pause.reason else f"{what}.", until)
