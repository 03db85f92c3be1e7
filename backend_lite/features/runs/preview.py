"""What a rollout would do, before anybody presses Run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec
from sqlalchemy.orm import Session

from backend_lite.contract.common import optional_time
from backend_lite.contract.runs import (
    Finding,
    Policy,
    Preview,
    PreviewDevice,
    PreviewTask,
    RolloutCreate,
    TaskCreate,
)
from backend_lite.core.security.principal import Groups, Principal
from backend_lite.errors import ServiceError
from backend_lite.features.fleet.api import FleetApi
from backend_lite.features.library.api import LibraryApi
from backend_lite.features.plans.api import ProfileForRun
from backend_lite.features.runs.approvals_gate import ApprovalGate
from backend_lite.features.runs.conditions import CONDITION
from backend_lite.features.runs.plans import Asked, Plans, is_skipped, refuse_named
from backend_lite.features.runs.policies import check_policy
from backend_lite.features.runs.preview_history import (
    Bundles,
    LastRun,
    expected_ms,
    last_runs,
    recent_rollouts,
)
from backend_lite.features.runs.reach import MAY_RUN
from backend_lite.features.runs.shares import wave_sizes
from backend_lite.features.runs.targets import Candidate
from backend_lite.features.runs.tasks import wire_version_for, wire_version_of
from backend_lite.features.runs.work_findings import WorkFindings
from backend_lite.features.runs.works import Work, outline_of


class _Refusals:
    """What would be refused: a preview says all of it, where the real thing stops at the first."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    @contextmanager
    def noted(self) -> Iterator[None]:
        try:
            yield
        except ServiceError as error:
            if error.detail not in self.sentences:
                self.sentences.append(error.detail)


@dataclass(frozen=True, slots=True)
class _Numbered:
    """A task that could be looked up; `n` counts from 1 among all that were asked for."""

    n: int
    work: Work


class Previews:
    """Works inside the caller's session, and changes nothing."""

    def __init__(
        self, library: LibraryApi, fleet: FleetApi, plans: Plans, findings: WorkFindings, gate: ApprovalGate
    ) -> None:
        self._library = library
        self._findings = findings
        self._gate = gate
        self._hub = fleet.hub
        self._plans = plans

    def make(self, session: Session, request: RolloutCreate, principal: Principal) -> Preview:
        """Of devices on which the principal may run something."""
        groups = principal.groups_for(MAY_RUN)
        refusals = _Refusals()
        asked = self._asked(session, request, refusals)
        tasks = self._tasks(session, asked, request.policy, refusals)
        works = [task.work for task in tasks]
        candidates = self._candidates(session, request, works, asked.profile, groups, refusals)
        waves = _waves(request.policy, works, candidates, refusals)
        scripts = [work.script_id for work in works if work.script_id is not None]
        history = [recent_rollouts(session, script_id) for script_id in scripts]
        last = _last(session, scripts, history, candidates)
        needed = _wire_version(request.policy, works)
        findings = self._findings_of(session, tasks)
        gate = self._gate.ahead(sum(not is_skipped(one) for one in candidates), findings)
        if gate.approve:
            with refusals.noted():
                self._gate.refuse_stranded(session, gate, principal, candidates)
        devices = [self._device(one, last.get(one.target.id), needed, tasks) for one in candidates]
        return Preview(
            devices=devices,
            offline=sum(not device.connected for device in devices),
            problems=sum(bool(device.problem) for device in devices),
            revision=works[0].revision if len(works) == 1 else None,
            expected_ms=_expected(session, scripts, history) if len(scripts) == len(works) else None,
            waves=waves,
            findings=findings,
            errors=refusals.sentences,
            tasks=[_task(task, devices) for task in tasks],
            gate=gate,
        )

    def _asked(self, session: Session, request: RolloutCreate, refusals: _Refusals) -> Asked:
        with refusals.noted():
            return self._plans.asked(session, request)
        return Asked([])

    def _tasks(self, session: Session, asked: Asked, policy: Policy, refusals: _Refusals) -> list[_Numbered]:
        """Those that there are, also where their values are refused."""
        found: list[_Numbered] = []
        for index, task in enumerate(asked.tasks):
            work = None
            with refusals.noted():
                work = self._plans.work(session, asked, index, policy)
            work = work or self._outline(session, task)
            if work is not None:
                found.append(_Numbered(index + 1, work))
        return found

    def _outline(self, session: Session, task: TaskCreate) -> Work | None:
        try:
            return outline_of(session, self._library, task)
        except ServiceError:
            return None

    def _candidates(
        self,
        session: Session,
        request: RolloutCreate,
        works: Sequence[Work],
        profile: ProfileForRun | None,
        groups: Groups,
        refusals: _Refusals,
    ) -> list[Candidate]:
        found: list[Candidate] = []
        with refusals.noted():
            found = self._plans.candidates(session, request.targets, works, groups, profile)
        with refusals.noted():
            refuse_named(found, works, profile)
        return found

    def _device(
        self, one: Candidate, last: LastRun | None, needed: int, tasks: Sequence[_Numbered]
    ) -> PreviewDevice:
        target, problem, detail = one.target, one.problem, one.detail
        version = None if needed == 1 or problem else self._hub.wire_version(target.id)
        if version is not None and version < needed:
            problem = "agent_too_old"
            detail = f"The agent on {target.hostname} is too old for this work: update it."
        device = PreviewDevice(
            device_id=target.id,
            hostname=target.hostname,
            os_type=target.os_type,
            connected=self._hub.connected(target.id),
            problem=problem,
            detail=detail,
            skipped=is_skipped(one) and (not one.named or problem == CONDITION),
            skips=[task.n for index, task in enumerate(tasks) if index in one.skips],
        )
        if last is not None:
            device.last_run_id, device.last_state = last.run_id, last.state
            device.last_revision = last.revision
            device.last_ended_at = optional_time(last.ended_at)
        return device

    def _findings_of(self, session: Session, tasks: Sequence[_Numbered]) -> list[Finding]:
        found = self._findings.of(session, [task.work for task in tasks])
        return [
            msgspec.structs.replace(one, task=task.n)
            for task, of in zip(tasks, found, strict=True)
            for one in of
        ]


def _task(task: _Numbered, devices: Sequence[PreviewDevice]) -> PreviewTask:
    work = task.work
    there = sum(not device.skipped and task.n not in device.skips for device in devices)
    return PreviewTask(task.n, work.title, work.type, work.revision, there)


def _waves(
    policy: Policy, works: Sequence[Work], candidates: Sequence[Candidate], refusals: _Refusals
) -> list[int]:
    total = sum(not is_skipped(one) for one in candidates)
    may_repeat = policy.idempotent or all(work.may_repeat for work in works)
    with refusals.noted():
        check_policy(policy, total=total, may_repeat=may_repeat)
        return wave_sizes(policy.waves, total)
    return []


def _last(
    session: Session, scripts: Sequence[int], history: Sequence[Bundles], candidates: Sequence[Candidate]
) -> dict[int, LastRun]:
    """Of the first script: with several it stands for all of them."""
    if not scripts:
        return {}
    return last_runs(session, scripts[0], history[0], [one.target.id for one in candidates])


def _expected(session: Session, scripts: Sequence[int], history: Sequence[Bundles]) -> int | None:
    """All tasks together; None unless each of them has succeeded somewhere."""
    pairs = zip(scripts, history, strict=True)
    known = [expected_ms(session, script_id, bundles) for script_id, bundles in pairs]
    durations = [duration for duration in known if duration is not None]
    return sum(durations) if durations and len(durations) == len(known) else None


def _wire_version(policy: Policy, works: Sequence[Work]) -> int:
    """The first version of the protocol whose agents can carry it all out."""
    needed = (
        wire_version_of(work.type, work.detect, bool(work.secret_names or work.files)) for work in works
    )
    return max([wire_version_for(policy), *needed])
