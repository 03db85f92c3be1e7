"""Which life of an agent's data folder is the current one, and how a copy of it is found out."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from agent.wire.messages import Incarnation
from backend_lite.contract.fleet import Admission
from backend_lite.contract.live import DEVICE
from backend_lite.core.clock import Clock
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import Changed
from backend_lite.features.fleet.events import AdmissionSet
from backend_lite.features.fleet.tables import DeviceRow, IncarnationRow
from backend_lite.features.fleet.views import DETAILS, change_of

KEPT = 1_000
"""Lives of one device that are remembered, the newest: each restart is one, and a hostile agent may claim any
number. Nothing refers to them; one that is forgotten and comes back counts as new."""

CAME_BACK = (
    "The device came back in a state that it had already left: it is a copy, or a snapshot of it was "
    "restored. Approve it to go on with whichever comes next; its other copies must get a key of their own."
)
TWO_AT_ONCE = (
    "Two copies of this device were connected at the same time ({0} and {1}). Shut down the one that is "
    "not wanted, or enroll it anew; then approve the device."
)


@dataclass(frozen=True, slots=True)
class SaidHello:
    """`new` is true when another life than before goes on, and nobody has to decide about it."""

    admission: Admission
    new: bool


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a hello comes from. `rival` is the address of another copy that is connected right now."""

    address: str
    agent_version: str
    rival: str | None = None


class Incarnations:
    """Its methods run inside the caller's unit."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def hello(self, unit: Unit, device_id: int, incarnation: Incarnation, caller: Caller) -> SaidHello:
        """Take note of the life that says hello; quarantine the device when it has a copy."""
        row = unit.session.get_one(DeviceRow, device_id)
        changed = _label(row, caller)
        new = False
        if row.admission != Admission.RETIRED:
            known = _find(unit.session, device_id, incarnation)
            if known is None:
                self._succeed(unit.session, device_id, incarnation)
                new = True
            reason = _doubt(known, caller)
            if reason is not None and row.admission != Admission.QUARANTINED:
                changed = row.change({"admission": Admission.QUARANTINED.value, "quarantine_reason": reason})
        if changed and row.admission != Admission.RETIRED:
            unit.session.flush()
            unit.publish(Changed(DEVICE, device_id, change_of(row), DETAILS))
        admission = Admission(row.admission)
        unit.publish(AdmissionSet(device_id, admission))
        return SaidHello(admission, new and admission is not Admission.QUARANTINED)

    def _succeed(self, session: Session, device_id: int, incarnation: Incarnation) -> None:
        now = self._clock.now_ms()
        current = (IncarnationRow.device_id == device_id) & IncarnationRow.retired_at.is_(None)
        session.execute(update(IncarnationRow).where(current).values(retired_at=now))
        session.add(
            IncarnationRow(
                device_id=device_id,
                journal_epoch=incarnation.journal_epoch,
                journal_file=incarnation.journal_file,
                boot_id=incarnation.boot_id,
                seen_first_at=now,
            )
        )
        session.flush()
        _forget_oldest(session, device_id)


def _forget_oldest(session: Session, device_id: int) -> None:
    ids = select(IncarnationRow.id).where(IncarnationRow.device_id == device_id)
    newest_gone = session.scalar(ids.order_by(IncarnationRow.id.desc()).offset(KEPT).limit(1))
    if newest_gone is not None:
        gone = (IncarnationRow.device_id == device_id) & (IncarnationRow.id <= newest_gone)
        session.execute(delete(IncarnationRow).where(gone))


def _label(row: DeviceRow, caller: Caller) -> bool:
    if (row.address, row.agent_version) == (caller.address, caller.agent_version):
        return False
    row.address, row.agent_version = caller.address, caller.agent_version
    row.reindex()
    return True


def _find(session: Session, device_id: int, incarnation: Incarnation) -> IncarnationRow | None:
    return session.scalar(
        select(IncarnationRow).where(
            IncarnationRow.device_id == device_id,
            IncarnationRow.journal_epoch == incarnation.journal_epoch,
            IncarnationRow.journal_file == incarnation.journal_file,
            IncarnationRow.boot_id == incarnation.boot_id,
        )
    )


def _doubt(known: IncarnationRow | None, caller: Caller) -> str | None:
    """Why the device may be one of several copies."""
    if known is not None and known.retired_at is not None:
        return CAME_BACK
    return TWO_AT_ONCE.format(caller.rival, caller.address) if caller.rival else None
