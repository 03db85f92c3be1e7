"""Whom a rollout is for: the devices that its targets name, each once, and what keeps any of them from it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from backend_lite.contract.fleet import Admission
from backend_lite.contract.library import os_matches
from backend_lite.contract.runs import Targets
from backend_lite.errors import InvalidError, NotFoundError
from backend_lite.features.fleet.api import FleetApi, RunTarget

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Candidate:
    """A device that is meant. `named`: by its own id. `problem` is one of `PreviewDevice.problem`, or empty
    where nothing keeps the device from it; `detail` is its sentence."""

    target: RunTarget
    named: bool
    problem: str = ""
    detail: str = ""


class Targeting:
    """Works inside the caller's session."""

    def __init__(self, fleet: FleetApi) -> None:
        self._fleet = fleet

    def resolve(
        self, session: Session, targets: Targets, *, language: str | None, target_os_type: str | None
    ) -> list[Candidate]:
        """Every device meant, once: those named first, in their order, then the others by id.

        `language` and `target_os_type` are the script's; None for work that runs anywhere. Raises
        NotFoundError for a device that is unknown or retired and for an unknown group, InvalidError for a
        bad query and when nothing is meant.
        """
        if not (targets.devices or targets.groups or targets.query.strip()):
            raise InvalidError("Choose at least one device (targets.devices), group or query.")
        named = dict.fromkeys(targets.devices)
        others = self._others(session, targets).difference(named)
        known = self._fleet.targets(session, [*named, *sorted(others)])
        _refuse_missing([device_id for device_id in named if not _there(known.get(device_id))])
        meant = [known[device_id] for device_id in [*named, *sorted(others)] if _there(known.get(device_id))]
        if not meant:
            raise InvalidError("No device is in these groups or matches the query: nothing would run.")
        return [_candidate(target, target.id in named, language, target_os_type) for target in meant]

    def _others(self, session: Session, targets: Targets) -> set[int]:
        found: set[int] = set()
        for group_id in dict.fromkeys(targets.groups):
            found.update(self._fleet.group_members(session, group_id))
        if targets.query.strip():
            found.update(self._fleet.match(session, targets.query))
        return found


def _there(target: RunTarget | None) -> bool:
    return target is not None and target.admission is not Admission.RETIRED


def _refuse_missing(missing: list[int]) -> None:
    if missing:
        shown = ", ".join(map(str, missing[:_SHOWN]))
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        raise NotFoundError(f"Device not found: {shown}{more}. Nothing was started.")


def _candidate(target: RunTarget, named: bool, language: str | None, target_os_type: str | None) -> Candidate:
    problem, detail = _problem(target, language, target_os_type)
    return Candidate(target, named, problem, detail)


def _problem(target: RunTarget, language: str | None, target_os_type: str | None) -> tuple[str, str]:
    if not os_matches(target_os_type, target.os_type):
        return "os_mismatch", f"The script is for {target_os_type}; {target.hostname} is {target.os_type}."
    if target.admission is Admission.QUARANTINED:
        return "quarantined", f"{target.hostname} is in quarantine: decide which copy is the device first."
    if target.admission is Admission.PENDING:
        return "not_approved", f"{target.hostname} may not work before it is approved."
    # A device that never said what it can run may well be able to.
    if language is not None and target.languages and language not in target.languages:
        return "language_missing", f"{target.hostname} has no {language} to run the script with."
    return "", ""
