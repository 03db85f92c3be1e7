"""What stands between asking for work and its start: a pure decision over the work and the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from backend_lite.contract.runs import Finding, RolloutGate, Severity
from backend_lite.core.http.guard import refuse_stale_sign_in
from backend_lite.core.security.principal import Groups, Principal
from backend_lite.core.settings import SettingValues
from backend_lite.errors import ConflictError, UnauthorizedError
from backend_lite.features.fleet.api import FleetApi
from backend_lite.features.runs.plans import Plan
from backend_lite.features.runs.targets import Candidate

MAY_APPROVE = "rollouts:approve"
CONFIRM, APPROVE = "confirm", "approve"
"""What the setting `dangerous_work` asks for, besides showing it."""
_HOUR_MS = 3_600_000


class Approvers(Protocol):
    """What the access area knows of those who could approve."""

    def holders(self, connection: Connection, permission: str) -> Mapping[int, Groups]:
        """The users who have it, by id: the groups in whose devices, or None for everywhere; nobody who is
        disabled or removed."""

    def is_token_good(self, session: Session, token_id: int) -> bool:
        """Of an API token: it has not ended."""


@dataclass(frozen=True, slots=True)
class Limits:
    """As the settings of the same names say; 0 devices: no limit."""

    confirm_above: int
    approve_above: int
    dangerous_work: str
    approval_ms: int


class ApprovalGate:
    def __init__(self, settings: SettingValues, people: Approvers, fleet: FleetApi) -> None:
        self._settings = settings
        self._people = people
        self._fleet = fleet

    def ahead(self, devices: int, findings: Sequence[Finding]) -> RolloutGate:
        """As people are shown it before they ask: they give the number also of devices that they listed."""
        return decide(limits_of(self._settings), devices, devices, findings)

    def refuse_ended(self, session: Session, principal: Principal) -> None:
        """Raises UnauthorizedError for a token that was revoked since its request came: what was cancelled
        with it was all that it had begun, so nothing more may begin."""
        if principal.token_name and not self._people.is_token_good(session, principal.token_id):
            raise UnauthorizedError("Could not validate credentials")

    def admit(
        self, session: Session, plan: Plan, findings: Sequence[Finding], principal: Principal
    ) -> RolloutGate:
        """Whether it may begin, or has to be approved first. Raises ConflictError (`confirm_needed`,
        `nobody_to_approve`) and ForbiddenError (`step_up_required`)."""
        limits = limits_of(self._settings)
        gate = decide(limits, plan.runs, plan.found, findings)
        refuse_unconfirmed(gate, plan.confirmed_devices)
        is_typed = principal.session and plan.confirmed_devices is not None
        if is_typed and _is_above(gate.devices, limits.confirm_above):
            refuse_stale_sign_in(principal)
        if gate.approve:
            self.refuse_stranded(session, gate, principal, plan.candidates)
        return gate

    def refuse_stranded(
        self, session: Session, gate: RolloutGate, principal: Principal, candidates: Sequence[Candidate]
    ) -> None:
        """Raises ConflictError where nobody but the principal could approve work on all of these."""
        holders = self._people.holders(session.connection(), MAY_APPROVE)
        others = [groups for user_id, groups in holders.items() if user_id != principal.user_id]
        devices = {one.target.id for one in candidates}
        if None in others or any(self._covers(session, groups, devices) for groups in others):
            return
        raise ConflictError(
            f"{' '.join(gate.reasons)} But nobody else here may approve it. Nothing was started: give "
            f'another person a role with the right "{MAY_APPROVE}" on these devices, take fewer devices at a '
            "time, or change the limits in the settings under Security.",
            code="nobody_to_approve",
        )

    def _covers(self, session: Session, groups: Groups, devices: set[int]) -> bool:
        return groups is None or self._fleet.those_within(session, devices, groups) == devices

    def patience_ms(self) -> int:
        """So long an approval is waited for."""
        return limits_of(self._settings).approval_ms


def limits_of(settings: SettingValues) -> Limits:
    return Limits(
        settings.whole("security.confirm_above"),
        settings.whole("security.approve_above"),
        settings.text("security.dangerous_work"),
        settings.whole("security.approval_hours") * _HOUR_MS,
    )


def decide(limits: Limits, devices: int, found: int, findings: Sequence[Finding]) -> RolloutGate:
    """`found` of the devices were not listed one by one by whoever asks: groups or a query brought them."""
    gate = RolloutGate(devices)
    if not devices:
        return gate
    dangers = [one for one in findings if one.severity is Severity.DANGER]
    if _is_above(found, limits.confirm_above):
        gate.confirm = True
        gate.reasons.append(f"It is for {_devices(devices)}, and more than {limits.confirm_above} is many.")
    if _is_above(devices, limits.approve_above):
        gate.approve = True
        gate.reasons.append(
            f"It is for {_devices(devices)}: work on more than {limits.approve_above} needs a second person."
        )
    if dangers and limits.dangerous_work in (CONFIRM, APPROVE):
        gate.confirm = gate.confirm or limits.dangerous_work == CONFIRM
        gate.approve = gate.approve or limits.dangerous_work == APPROVE
        gate.reasons.append(_danger(dangers))
    return gate


def refuse_unconfirmed(gate: RolloutGate, confirmed: int | None) -> None:
    """A number that was given has to be right also where nobody asked for it: it is then for other devices
    than its person saw. Raises ConflictError."""
    if confirmed == gate.devices or (confirmed is None and not gate.confirm):
        return
    send = f'"confirmed_devices": {gate.devices}'
    if confirmed is None:
        sentence = f"{' '.join(gate.reasons)} Nothing was started: to start it, give that number ({send})."
    else:
        sentence = (
            f"The number given is {confirmed}, and the work is for {_devices(gate.devices)} now. Nothing was "
            f"started: look at them again, and then give that number ({send})."
        )
    raise ConflictError(sentence, code="confirm_needed")


def _is_above(devices: int, limit: int) -> bool:
    return 0 < limit < devices


def _danger(dangers: Sequence[Finding]) -> str:
    more = f" And {len(dangers) - 1} more." if len(dangers) > 1 else ""
    return f"Its script is dangerous: {dangers[0].text} (line {dangers[0].line}).{more}"


def _devices(count: int) -> str:
    return "1 device" if count == 1 else f"{count} devices"
