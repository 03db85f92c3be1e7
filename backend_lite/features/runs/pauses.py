"""Pauses: while one lasts no work starts on the fleet, a group or a device."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import delete, or_, select, true
from sqlalchemy.orm import Session

from agent.wire.states import StepState
from backend_lite.contract.common import format_time, optional_time
from backend_lite.contract.live import PAUSE
from backend_lite.contract.pauses import Pause, PauseCreate, PauseScope
from backend_lite.core.audit.record import Audit, Entity
from backend_lite.core.clock import Clock
from backend_lite.core.db.base import stored
from backend_lite.core.db.query_sql import Condition
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import Changed
from backend_lite.core.security.principal import Groups, Principal
from backend_lite.errors import ForbiddenError, InvalidError, NotFoundError
from backend_lite.features.fleet.api import FleetApi
from backend_lite.features.runs.dispatch import Dispatcher
from backend_lite.features.runs.flow import Flow
from backend_lite.features.runs.gates import Waits
from backend_lite.features.runs.instants import instant
from backend_lite.features.runs.keeper import Keeper
from backend_lite.features.runs.moment import Moment
from backend_lite.features.runs.parts import RunParts, load_runs
from backend_lite.features.runs.reach import MAY_RUN, Reach
from backend_lite.features.runs.tables import OPEN_STEP, PauseRow, RunRow, StepRow
from backend_lite.features.runs.transitions import change_step

MAX_REASON = 500


class Pauses:
    """Its methods run inside the caller's unit or session."""

    def __init__(
        self, fleet: FleetApi, dispatcher: Dispatcher, keeper: Keeper, flow: Flow, clock: Clock
    ) -> None:
        self._fleet = fleet
        self._reach = Reach(fleet)
        self._dispatcher = dispatcher
        self._keeper = keeper
        self._flow = flow
        self._clock = clock
        self._audit = Audit(clock)

    def page(self, session: Session, groups: Groups) -> list[Pause]:
        """The oldest first. Whose right holds in `groups` only sees the pauses of these, of their devices and
        of the fleet."""
        rows = session.scalars(select(PauseRow).where(self.seen(groups)).order_by(PauseRow.id)).all()
        return [self._view(session, row) for row in rows]

    def seen(self, groups: Groups) -> Condition:
        """True for the rows of those pauses."""
        if groups is None:
            return true()
        return or_(self._within(groups), PauseRow.scope == PauseScope.FLEET)

    def create(self, unit: Unit, request: PauseCreate, principal: Principal) -> Pause:
        """Take back what was offered there and has not started. Raises InvalidError, NotFoundError, and
        ForbiddenError where the principal's right does not reach so far."""
        moment = Moment(unit, self._clock.now_ms())
        row = _row(request, principal, moment.now)
        self._refuse_beyond(unit.session, row, principal.groups_for(MAY_RUN))
        devices = self._devices(unit.session, row)
        unit.session.add(row)
        unit.session.flush()
        view = self._view(unit.session, row)
        unit.publish(Changed(PAUSE, row.id, view))
        self._audit.tell(unit, "pauses.create", _entity(view), after=view)
        offered = self._offered(unit.session, devices)
        for parts in offered:
            hold = self._dispatcher.hold_of(moment, parts)
            self._dispatcher.put_back(moment, parts, parts.next_step, hold)
        self._keeper.keep(moment, offered)
        self._flow.settle(moment)
        return view

    def end(self, unit: Unit, pause_id: int, principal: Principal) -> None:
        """Raises NotFoundError, and ForbiddenError for a pause of the fleet where the principal's right does
        not reach so far."""
        row = stored(unit.session, PauseRow, pause_id)
        if row is None:
            raise NotFoundError("Pause not found")
        groups = principal.groups_for(MAY_RUN)
        if groups is not None:
            _refuse_fleet(row)
            if (
                unit.session.scalar(select(PauseRow.id).where(PauseRow.id == row.id, self._within(groups)))
                is None
            ):
                raise NotFoundError("Pause not found")
        view = self._view(unit.session, row)
        self._end(Moment(unit, self._clock.now_ms()), [pause_id])
        self._audit.tell(unit, "pauses.end", _entity(view), before=view)

    def of_group(self, unit: Unit, group_id: int) -> list[str]:
        """What the fleet says when somebody wants to delete a group that is paused."""
        rows = unit.session.scalars(select(PauseRow).where(PauseRow.group_id == group_id)).all()
        return [f"a pause that {row.created_by} has set" for row in rows]

    def end_due(self, unit: Unit) -> None:
        """End those whose time has come."""
        moment = Moment(unit, self._clock.now_ms())
        due = list(unit.session.scalars(select(PauseRow.id).where(PauseRow.until <= moment.now)))
        if due:
            self._end(moment, due)

    def _within(self, groups: frozenset[int]) -> Condition:
        """True for the rows of pauses of these groups, or of devices in them."""
        of_device = self._reach.of_device(PauseRow.device_id, groups)
        return or_(PauseRow.group_id.in_(groups), of_device)

    def _refuse_beyond(self, session: Session, row: PauseRow, groups: Groups) -> None:
        if groups is None:
            return
        _refuse_fleet(row)
        if row.group_id is not None and row.group_id not in groups:
            raise NotFoundError(f"There is no group {row.group_id}.")
        if row.device_id is not None and not self._reach.devices(session, [row.device_id], groups):
            raise NotFoundError("Device not found")

    def _end(self, moment: Moment, pause_ids: list[int]) -> None:
        moment.session.execute(delete(PauseRow).where(PauseRow.id.in_(pause_ids)))
        for pause_id in pause_ids:
            moment.unit.publish(Changed(PAUSE, pause_id, None))
        paused = select(RunRow.id).where(RunRow.ended_at.is_(None), RunRow.reason == Waits.PAUSED)
        runs = load_runs(moment.connection, moment.session.scalars(paused.order_by(RunRow.id)))
        # All of them: whichever another pause still holds waits again at once.
        for parts in runs:
            change_step(parts, parts.next_step, StepState.QUEUED, moment.now)
        self._keeper.keep(moment, runs)
        self._flow.settle(moment)

    def _offered(self, session: Session, devices: Iterable[int] | None) -> list[RunParts]:
        query = select(StepRow.run_id).where(OPEN_STEP, StepRow.state == StepState.OFFERED)
        if devices is not None:
            query = query.where(StepRow.device_id.in_(devices))
        return load_runs(session.connection(), session.scalars(query.order_by(StepRow.id)))

    def _devices(self, session: Session, row: PauseRow) -> list[int] | None:
        """Those that are meant; None: all. Raises NotFoundError."""
        if row.group_id is not None:
            return self._fleet.group_members(session, row.group_id)
        if row.device_id is not None:
            if self._fleet.target(session, row.device_id) is None:
                raise NotFoundError("Device not found")
            return [row.device_id]
        return None

    def _view(self, session: Session, row: PauseRow) -> Pause:
        name = ""
        if row.group_id is not None:
            name = self._fleet.group_name(session, row.group_id)
        elif row.device_id is not None and (target := self._fleet.target(session, row.device_id)):
            name = target.hostname
        return Pause(
            id=row.id,
            scope=PauseScope(row.scope),
            group_id=row.group_id,
            device_id=row.device_id,
            name=name,
            reason=row.reason,
            created_by=row.created_by,
            created_at=format_time(row.created_at),
            until=optional_time(row.until),
        )


def _refuse_fleet(row: PauseRow) -> None:
    if row.scope == PauseScope.FLEET:
        raise ForbiddenError(
            "A pause of the whole fleet is beyond your rights: they hold on the devices of some groups only.",
            code="limited",
        )


def _entity(pause: Pause) -> Entity:
    return Entity(PAUSE, pause.id, pause.name or pause.scope)


def _row(request: PauseCreate, principal: Principal, now: int) -> PauseRow:
    wants_group, wants_device = (request.scope is scope for scope in (PauseScope.GROUP, PauseScope.DEVICE))
    if wants_group != (request.group_id is not None) or wants_device != (request.device_id is not None):
        raise InvalidError(
            "A pause of a group has a group_id, one of a device a device_id, one of the fleet neither."
        )
    if len(request.reason) > MAX_REASON:
        raise InvalidError(f"The reason of a pause is limited to {MAX_REASON} characters.")
    return PauseRow(
        scope=request.scope,
        group_id=request.group_id,
        device_id=request.device_id,
        reason=request.reason.strip(),
        created_by=principal.name,
        created_at=now,
        until=_until(request.until, now),
    )


def _until(text: str | None, now: int) -> int | None:
    if text is None:
        return None
    until = instant(text, "until")
    if until <= now:
        raise InvalidError("The end of the pause lies in the past.")
    return until
