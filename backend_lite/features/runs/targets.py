"""Whom a rollout is for: the devices that its targets name, each once, and what keeps any of them from it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.orm import Session

from backend_lite.contract.fleet import Admission
from backend_lite.contract.library import os_matches
from backend_lite.contract.runs import Targets
from backend_lite.core.security.principal import Groups
from backend_lite.errors import InvalidError, NotFoundError
from backend_lite.features.fleet.api import FleetApi, RunTarget
from backend_lite.features.runs.reach import Reach

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Candidate:
    """A device that is meant. `named`: by its own id. `problem` is one of `PreviewDevice.problem`, or empty
    where nothing keeps the device from it; `detail` is its sentence. `skips` are the places (from 0) of the
    tasks that are not for it."""

    target: RunTarget
    named: bool
    problem: str = ""
    detail: str = ""
    skips: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Need:
    """What work asks of a device: a system, and a language; None where any will do. `what` is the word for
    that which is meant for the system. `key`: it has secrets, which are sealed to the device's key."""

    language: str | None = None
    target_os_type: str | None = None
    what: str = "script"
    key: bool = False


class Targeting:
    """Works inside the caller's session."""

    def __init__(self, fleet: FleetApi) -> None:
        self._fleet = fleet
        self._reach = Reach(fleet)

    def meant(self, session: Session, targets: Targets, groups: Groups) -> list[tuple[RunTarget, bool]]:
        """Every device meant, once, and whether it was named: those first, in their order, then the others
        by id. A device out of reach of `groups` is one that there is not.

        Raises NotFoundError for a device that is unknown or retired and for an unknown group, InvalidError
        for a bad query and when nothing is meant.
        """
        if not (targets.devices or targets.groups or targets.query.strip()):
            raise InvalidError("Choose at least one device (targets.devices), group or query.")
        named = dict.fromkeys(targets.devices)
        others = self._others(session, targets).difference(named)
        reached = self._reach.devices(session, {*named, *others}, groups)
        known = self._fleet.targets(session, reached)
        _refuse_missing([device_id for device_id in named if not is_there(known.get(device_id))])
        meant = [
            known[device_id] for device_id in [*named, *sorted(others)] if is_there(known.get(device_id))
        ]
        if not meant:
            device = "device" if groups is None else "device that your rights cover"
            raise InvalidError(f"No {device} is in these groups or matches the query: nothing would run.")
        return [(target, target.id in named) for target in meant]

    def _others(self, session: Session, targets: Targets) -> set[int]:
        found: set[int] = set()
        for group_id in dict.fromkeys(targets.groups):
            found.update(self._fleet.group_members(session, group_id))
        if targets.query.strip():
            found.update(self._fleet.match(session, targets.query))
        return found


def is_there(target: RunTarget | None) -> bool:
    return target is not None and target.admission is not Admission.RETIRED


def _refuse_missing(missing: list[int]) -> None:
    if missing:
        shown = ", ".join(map(str, missing[:_SHOWN]))
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        raise NotFoundError(f"Device not found: {shown}{more}. Nothing was started.")


def problem_of(target: RunTarget, needs: Collection[Need]) -> tuple[str, str]:
    """The first problem that the device has with any of what is asked of it, and its sentence."""
    for need in needs:
        if not os_matches(need.target_os_type, target.os_type):
            is_for = f"The {need.what} is for {need.target_os_type}"
            return "os_mismatch", f"{is_for}; {target.hostname} is {target.os_type}."
    if target.admission is Admission.QUARANTINED:
        return "quarantined", f"{target.hostname} is in quarantine: decide which copy is the device first."
    if target.admission is Admission.PENDING:
        return "not_approved", f"{target.hostname} may not work before it is approved."
    for need in needs:
        # A device that never said what it can run may well be able to.
        if need.language is not None and target.languages and need.language not in target.languages:
            return "language_missing", f"{target.hostname} has no {need.language} to run the script with."
        if need.key and not target.public_key:
            sentence = f"The agent on {target.hostname} takes no secrets: install the agent of this service."
            return "agent_too_old", sentence
    return "", ""
