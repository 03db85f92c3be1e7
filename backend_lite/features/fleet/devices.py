"""Devices: enlisting, reading, editing, deciding whether they may work, retiring."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from msgspec import UNSET
from sqlalchemy import Connection, bindparam, delete, func, or_, select, text, true
from sqlalchemy.orm import Session

from agent.wire.codec import to_plain
from agent.wire.fingerprint import device_uid
from agent.wire.messages import Facts
from backend_lite.contract.fleet import Admission, Device, DeviceUpdate
from backend_lite.contract.live import DEVICE
from backend_lite.core.audit.record import Audit
from backend_lite.core.clock import Clock
from backend_lite.core.db.lists import ListRequest, cut, select_list, total
from backend_lite.core.db.prepared import Prepared, among
from backend_lite.core.db.query_sql import Condition
from backend_lite.core.db.references import References
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import Changed
from backend_lite.core.events.outbox import Outbox
from backend_lite.core.security.principal import Principal
from backend_lite.core.versions import refuse_stale
from backend_lite.errors import InvalidError, NotFoundError
from backend_lite.features.fleet.auditing import entity_of, told
from backend_lite.features.fleet.editing import checked_fields
from backend_lite.features.fleet.events import AdmissionSet
from backend_lite.features.fleet.expected import ExpectedDevices
from backend_lite.features.fleet.groups import Groups
from backend_lite.features.fleet.installed import forget_software
from backend_lite.features.fleet.labels import bounded, labels_of, real_identifier
from backend_lite.features.fleet.presence import Presence
from backend_lite.features.fleet.querying import DeviceQueries
from backend_lite.features.fleet.tables import DeviceRow, IncarnationRow
from backend_lite.features.fleet.views import DETAILS, change_of, device_of

DEVICE_RETIRED = "device_retired"
"""Outbox topic, payload `{"device_id": int}`: added in the transaction that retires a device. Where the
agent shall remove itself, `uninstall` is the person who wants that, as `{"user_id": int, "name": str,
"token_id": int, "token_name": str}`; earlier versions wrote no token."""

_SORTABLE = {
    "id": DeviceRow.id,
    "hostname": DeviceRow.hostname,
    "os_type": DeviceRow.os_type,
    "os_version": DeviceRow.os_version,
    "address": DeviceRow.address,
    "admission": DeviceRow.admission,
    "agent_version": DeviceRow.agent_version,
    "contact": DeviceRow.contact,
    "last_check_in": DeviceRow.last_contact_at,
    "created_at": DeviceRow.created_at,
}
_LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A device by its key, retired ones included; `software_digest` is that of its newest report."""

    id: int
    uid: str
    public_key: bytes
    admission: Admission
    software_digest: str = ""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a new device came in by: how that is called, and the groups that it leads into."""

    name: str = ""
    groups: Sequence[int] = ()


NO_TICKET = Ticket()


@dataclass(frozen=True, slots=True)
class RunTarget:
    """What decides whether and how a device can run something. `languages` are those it reported;
    `time_zone` is an IANA name, or empty; `public_key` is its Ed25519 key."""

    id: int
    hostname: str
    os_type: str | None
    admission: Admission
    languages: tuple[str, ...]
    time_zone: str = ""
    public_key: bytes = b""


ProfileCheck = Callable[[Session, int, RunTarget], None]
"""Raises a sentence for a profile that there is not, or that is not for such a device."""

# Built once: every permit asks for it.
_TARGET = select(
    DeviceRow.id,
    DeviceRow.hostname,
    DeviceRow.os_type,
    DeviceRow.admission,
    DeviceRow.facts["languages"].label("languages"),
    DeviceRow.facts["time_zone"].label("time_zone"),
    DeviceRow.public_key,
)
_ONE_TARGET = _TARGET.where(DeviceRow.id == bindparam("device_id"))
_TARGETS = _TARGET.where(DeviceRow.id.in_(bindparam("device_ids", expanding=True)))
_APPROVED = Prepared(
    select(DeviceRow.id).where(among(DeviceRow.id), DeviceRow.admission == text("'approved'"))
)
_BUNDLE = 5000


class Devices:
    """Its methods run inside the caller's session or unit."""

    def __init__(
        self, clock: Clock, outbox: Outbox, presence: Presence, references: References | None = None
    ) -> None:
        self._clock = clock
        self._outbox = outbox
        self._presence = presence
        self.audit = Audit(clock)
        self.queries = DeviceQueries(presence, clock)
        self.groups = Groups(clock, self.queries, references or References())
        self.expected = ExpectedDevices(clock, self.groups)
        self.profile_check: ProfileCheck | None = None

    def page(
        self, session: Session, request: ListRequest, among: Condition | None = None
    ) -> tuple[list[Device], int]:
        """The devices asked for, of all or `among` some, and how many there are without the cut.

        `q` is a query of DEVICE_FIELDS.

        Raises InvalidError.
        """
        query = select_list(
            select(DeviceRow).where(
                DeviceRow.retired_at.is_(None),
                self.queries.condition(request.q or ""),
                true() if among is None else among,
            ),
            replace(request, q=None),
            sortable=_SORTABLE,
            default_sort="id",
            tie=DeviceRow.id,
            search=DeviceRow.search,
        )
        rows = session.scalars(cut(query, request))
        return [device_of(row, self._presence) for row in rows], total(session, query)

    def match(self, session: Session, text: str, among: Condition | None = None) -> list[int]:
        """The ids of the devices that a query finds, of all or `among` some, in their order.

        Raises InvalidError (`bad_query`).
        """
        found = select(DeviceRow.id).where(
            DeviceRow.retired_at.is_(None),
            self.queries.condition(text),
            true() if among is None else among,
        )
        return list(session.scalars(found.order_by(DeviceRow.id)))

    def get(self, session: Session, device_id: int) -> Device:
        """Raises NotFoundError, also for a retired device."""
        return device_of(active_row(session, device_id), self._presence)

    def known(self, session: Session, uid: str) -> KnownDevice | None:
        row = session.scalar(select(DeviceRow).where(DeviceRow.uid == uid))
        if row is None or row.public_key is None:
            return None
        admission = Admission(row.admission)
        return KnownDevice(row.id, row.uid, row.public_key, admission, row.software_digest)

    def target(self, session: Session, device_id: int) -> RunTarget | None:
        """The device as something to run on, also when it is retired."""
        if not 0 < device_id <= _LARGEST_ID:
            return None
        row = session.connection().execute(_ONE_TARGET, {"device_id": device_id}).first()
        return None if row is None else _target_of(row)

    def targets(self, session: Session, device_ids: Iterable[int]) -> dict[int, RunTarget]:
        """The devices among `device_ids` that there are, as something to run on, also when retired."""
        ids = [device_id for device_id in dict.fromkeys(device_ids) if 0 < device_id <= _LARGEST_ID]
        found: dict[int, RunTarget] = {}
        for start in range(0, len(ids), _BUNDLE):
            bundle = {"device_ids": ids[start : start + _BUNDLE]}
            found |= {row.id: _target_of(row) for row in session.connection().execute(_TARGETS, bundle)}
        return found

    def approved(self, connection: Connection, device_ids: Iterable[int]) -> set[int]:
        """Those of the devices that may work."""
        return {row[0] for row in _APPROVED.listed(connection, device_ids)}

    def enlist(
        self,
        unit: Unit,
        public_key: bytes,
        facts: Facts,
        admission: Admission,
        address: str,
        ticket: Ticket = NO_TICKET,
    ) -> KnownDevice:
        """Add the device of a key that is not known yet, with what its ticket says and what it was to get.
        Others with its labels stay what they are."""
        labels = labels_of(facts := bounded(facts))
        row = DeviceRow(
            uid=device_uid(public_key),
            public_key=public_key,
            **labels,
            agent_version=facts.agent_version,
            address=address,
            tags=[],
            search="",
            admission=admission,
            possible_duplicate_of=twin_of(unit.session, labels),
            facts=to_plain(facts),
            created_at=self._clock.now_ms(),
            version=1,
            edited_at_version={},
        )
        self.arrive(unit, row, ticket)
        return KnownDevice(row.id, row.uid, public_key, admission)

    def arrive(self, unit: Unit, row: DeviceRow, ticket: Ticket) -> None:
        """Add a new device, with what it was expected to get, and tell consoles."""
        row.came_by = ticket.name
        unit.session.add(row)
        unit.session.flush()
        expected = self.expected.claim(unit, row)
        row.tags = expected.tags if expected else []
        row.reindex()
        unit.session.flush()
        unit.publish(Changed(DEVICE, row.id, msgspec.to_builtins(device_of(row, self._presence))))
        self.groups.join(unit, row.id, [*ticket.groups, *(expected.groups if expected else ())])

    def update(self, unit: Unit, device_id: int, wanted: DeviceUpdate, version: int | None) -> Device:
        """Change what `wanted` names. Raises NotFoundError, InvalidError, ConflictError."""
        row = active_row(unit.session, device_id)
        refuse_stale(version, row.version, row.edited_at_version, row.hostname)
        if wanted.profile_id not in (UNSET, None, row.profile_id):
            self._check_profile(unit.session, row, wanted.profile_id)
        before = told(row)
        if row.change(checked_fields(wanted)):
            self.audit.tell(unit, "devices.update", entity_of(row), before=before, after=told(row))
        publish(unit, row)
        return device_of(row, self._presence)

    def _check_profile(self, session: Session, row: DeviceRow, profile_id: Any) -> None:
        if self.profile_check is None:
            raise InvalidError(f"There is no profile {profile_id}.")
        self.profile_check(session, profile_id, _target(row))

    def report_facts(self, unit: Unit, device_id: int, facts: Facts) -> None:
        """Take over what the device says about itself; a label that a person changed stays as it is."""
        row = unit.session.get_one(DeviceRow, device_id)
        facts = bounded(facts)
        plain = to_plain(facts)
        if row.retired_at is not None or row.facts == plain:
            return
        before = labels_of(msgspec.convert(row.facts, Facts)) if row.facts else {}
        labels = labels_of(facts)
        row.facts = plain
        row.change({name: labels[name] for name in labels if getattr(row, name) == before.get(name)})
        publish(unit, row)

    def approve(self, unit: Unit, device_id: int) -> Device:
        """Let the device work: ends waiting for approval, and a quarantine."""
        row = active_row(unit.session, device_id)
        quarantined = row.admission == Admission.QUARANTINED
        if quarantined:
            # Whichever copy says hello next is the device from now on; if two do, it is quarantined again.
            unit.session.execute(delete(IncarnationRow).where(IncarnationRow.device_id == device_id))
        before = told(row)
        row.change({"admission": Admission.APPROVED.value, "quarantine_reason": None})
        publish(unit, row)
        self.audit.tell(unit, "devices.approve", entity_of(row), before=before, after=told(row))
        unit.publish(AdmissionSet(device_id, Admission.APPROVED, reconnect=quarantined))
        return device_of(row, self._presence)

    def retire(
        self, unit: Unit, device_id: int, version: int | None, uninstall: Principal | None = None
    ) -> None:
        """Shut the device out for good; its row stays, so that its key cannot come back by itself.
        `uninstall`: who wants its agent to remove itself before."""
        row = active_row(unit.session, device_id)
        refuse_stale(version, row.version, row.edited_at_version, row.hostname)
        before = told(row)
        self.shut_out(unit, row, uninstall)
        details = {"remove_agent": uninstall is not None}
        self.audit.tell(
            unit, "devices.retire", entity_of(row), before=before, after=told(row), details=details
        )

    def shut_out(self, unit: Unit, row: DeviceRow, uninstall: Principal | None = None) -> None:
        """Retire an active device."""
        row.retired_at = self._clock.now_ms()
        row.change({"admission": Admission.RETIRED.value})
        self.groups.forget_device(unit, row.id)
        forget_software(unit, row.id, row.retired_at)
        payload: dict[str, Any] = {"device_id": row.id}
        if uninstall is not None:
            payload["uninstall"] = {
                name: getattr(uninstall, name) for name in ("user_id", "name", "token_id", "token_name")
            }
        self._outbox.add(unit, DEVICE_RETIRED, payload)
        unit.publish(AdmissionSet(row.id, Admission.RETIRED, leaves=uninstall is not None))
        unit.publish(Changed(DEVICE, row.id, None))


def _target_of(row: Any) -> RunTarget:
    return RunTarget(
        id=row.id,
        hostname=row.hostname,
        os_type=row.os_type,
        admission=Admission(row.admission),
        languages=tuple(row.languages or ()),
        time_zone=row.time_zone or "",
        public_key=row.public_key or b"",
    )


def _target(row: DeviceRow) -> RunTarget:
    facts = row.facts or {}
    return RunTarget(
        id=row.id,
        hostname=row.hostname,
        os_type=row.os_type,
        admission=Admission(row.admission),
        languages=tuple(facts.get("languages") or ()),
        time_zone=facts.get("time_zone") or "",
        public_key=row.public_key or b"",
    )


def active_row(session: Session, device_id: int) -> DeviceRow:
    """Raises NotFoundError, also for a retired device."""
    row = session.get(DeviceRow, device_id) if 0 < device_id <= _LARGEST_ID else None
    if row is None or row.retired_at is not None:
        raise NotFoundError("Device not found")
    return row


def publish(unit: Unit, row: DeviceRow) -> None:
    """Tell consoles what the row says."""
    unit.session.flush()
    unit.publish(Changed(DEVICE, row.id, change_of(row), DETAILS))


def twin_of(session: Session, labels: dict[str, str | None]) -> int | None:
    """The oldest active device with the same serial number, machine id or hostname: a hint, no more."""
    hostname = labels["hostname"] or ""
    # Equality, so that each term finds its index however many devices there are.
    same = [DeviceRow.hostname.in_({hostname, hostname.lower(), hostname.upper()})]
    for name in ("serial", "machine_id"):
        if value := real_identifier(labels[name]):
            same.append(getattr(DeviceRow, name) == value)
    query = select(func.min(DeviceRow.id)).where(DeviceRow.retired_at.is_(None), or_(*same))
    return session.scalar(query)
