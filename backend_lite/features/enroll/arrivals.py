"""What the audit has of a device that comes in by itself."""

from __future__ import annotations

from dataclasses import dataclass, replace

from backend_lite.contract.audit import ActionType
from backend_lite.contract.enroll import EnrollmentToken
from backend_lite.contract.fleet import Admission
from backend_lite.contract.live import DEVICE
from backend_lite.core.audit.record import Audit, Entity
from backend_lite.core.db.unit import Unit


@dataclass(frozen=True, slots=True)
class Arrival:
    """A device that was not known, and the token that it showed."""

    device_id: int
    hostname: str
    admission: Admission
    token: EnrollmentToken


def tell_arrival(audit: Audit, unit: Unit, arrival: Arrival) -> None:
    token = arrival.token
    said = f'The device "{arrival.hostname}" enrolled by the token "{token.name or token.id}".'
    audit.record(
        unit,
        "devices.enroll",
        ActionType.SYSTEM,
        Entity(DEVICE, arrival.device_id, arrival.hostname),
        said,
        details={"admission": arrival.admission, "token_id": token.id},
        by=replace(unit.caller, name=f"device {arrival.hostname}"[:200]),
    )
