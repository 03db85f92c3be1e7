"""What a rollout would do, before anybody presses Run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec
from sqlalchemy.orm import Session

from backend_lite.contract.common import format_time
from backend_lite.contract.library import Language
from backend_lite.contract.parameters import ParameterType
from backend_lite.contract.runs import Finding, Policy, Preview, PreviewDevice, RolloutCreate, TaskCreate
from backend_lite.errors import ServiceError
from backend_lite.features.fleet.api import FleetApi
from backend_lite.features.library.api import LibraryApi, ScriptForRun
from backend_lite.features.runs.plans import Plans, Work, is_skipped, refuse_named, tasks_of
from backend_lite.features.runs.policies import check_policy
from backend_lite.features.runs.preview_history import (
    Bundles,
    LastRun,
    expected_ms,
    last_runs,
    recent_rollouts,
)
from backend_lite.features.runs.reboots import OLD_AGENT_VERSION
from backend_lite.features.runs.shares import wave_sizes
from backend_lite.features.runs.targets import Candidate
from backend_lite.features.runs.tasks import policy_too_new


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


class Previews:
    """Works inside the caller's session, and changes nothing."""

    def __init__(self, library: LibraryApi, fleet: FleetApi, plans: Plans) -> None:
        self._library = library
        self._hub = fleet.hub
        self._plans = plans

    def make(self, session: Session, request: RolloutCreate) -> Preview:
        refusals = _Refusals()
        tasks = self._tasks(session, request, refusals)
        scripts = [script for task in tasks if (script := self._script(session, task)) is not None]
        candidates = self._candidates(session, request, scripts, refusals)
        waves = _waves(request.policy, scripts, candidates, refusals)
        history = [recent_rollouts(session, script.script_id) for script in scripts]
        last = _last(session, scripts, history, candidates)
        old_will_do = not _needs_new(request.policy, scripts, tasks)
        devices = [self._device(one, last.get(one.target.id), old_will_do) for one in candidates]
        return Preview(
            devices=devices,
            offline=sum(not device.connected for device in devices),
            problems=sum(bool(device.problem) for device in devices),
            revision=scripts[0].revision if len(scripts) == 1 else None,
            expected_ms=_expected(session, scripts, history),
            waves=waves,
            findings=self._findings(scripts),
            errors=refusals.sentences,
        )

    def _tasks(self, session: Session, request: RolloutCreate, refusals: _Refusals) -> list[TaskCreate]:
        tasks: list[TaskCreate] = []
        with refusals.noted():
            tasks = tasks_of(request)
        for task in tasks:
            with refusals.noted():
                self._plans.work(session, task, request.policy)
        return tasks

    def _candidates(
        self, session: Session, request: RolloutCreate, scripts: Sequence[ScriptForRun], refusals: _Refusals
    ) -> list[Candidate]:
        works = [_outline(script) for script in scripts]
        found: list[Candidate] = []
        with refusals.noted():
            found = self._plans.candidates(session, request.targets, works)
        with refusals.noted():
            refuse_named(found, works)
        return found

    def _script(self, session: Session, task: TaskCreate) -> ScriptForRun | None:
        """None for one that was refused already."""
        if (task.script_id is None) == (task.revision_id is None):
            return None
        try:
            return self._library.script_for_run(
                session, script_id=task.script_id, revision_id=task.revision_id
            )
        except ServiceError:
            return None

    def _device(self, one: Candidate, last: LastRun | None, old_will_do: bool) -> PreviewDevice:
        target, problem, detail = one.target, one.problem, one.detail
        version = None if old_will_do or problem else self._hub.wire_version(target.id)
        if version is not None and version <= OLD_AGENT_VERSION:
            problem = "agent_too_old"
            detail = f"The agent on {target.hostname} is too old for this work: update it."
        device = PreviewDevice(
            device_id=target.id,
            hostname=target.hostname,
            os_type=target.os_type,
            connected=self._hub.connected(target.id),
            problem=problem,
            detail=detail,
            skipped=is_skipped(one) and not one.named,
        )
        if last is not None:
            device.last_run_id, device.last_state = last.run_id, last.state
            device.last_revision = last.revision
            device.last_ended_at = None if last.ended_at is None else format_time(last.ended_at)
        return device

    def _findings(self, scripts: Sequence[ScriptForRun]) -> list[Finding]:
        return [
            msgspec.structs.replace(finding, task=n)
            for n, script in enumerate(scripts, 1)
            for finding in self._library.findings(Language(script.language), script.content)
        ]


def _outline(script: ScriptForRun) -> Work:
    """As much of a script's work as decides where it can run."""
    return Work(script.name, script.language, script.timeout_s, script.target_os_type)


def _waves(
    policy: Policy, scripts: Sequence[ScriptForRun], candidates: Sequence[Candidate], refusals: _Refusals
) -> list[int]:
    total = sum(not is_skipped(one) for one in candidates)
    may_repeat = policy.idempotent or all(script.idempotent for script in scripts)
    with refusals.noted():
        check_policy(policy, total=total, may_repeat=may_repeat)
        return wave_sizes(policy.waves, total)
    return []


def _last(
    session: Session,
    scripts: Sequence[ScriptForRun],
    history: Sequence[Bundles],
    candidates: Sequence[Candidate],
) -> dict[int, LastRun]:
    """Of the first script: with several it stands for all of them."""
    if not scripts:
        return {}
    return last_runs(session, scripts[0].script_id, history[0], [one.target.id for one in candidates])


def _expected(session: Session, scripts: Sequence[ScriptForRun], history: Sequence[Bundles]) -> int | None:
    """All tasks together; None unless each of them has succeeded somewhere."""
    pairs = zip(scripts, history, strict=True)
    known = [expected_ms(session, script.script_id, bundles) for script, bundles in pairs]
    durations = [duration for duration in known if duration is not None]
    return sum(durations) if durations and len(durations) == len(known) else None


def _needs_new(policy: Policy, scripts: Sequence[ScriptForRun], tasks: Sequence[TaskCreate]) -> bool:
    """Whether agents of version 1 of the protocol cannot carry it out."""
    given = {name for task in tasks for name in task.parameters}
    sealed = (ParameterType.SECRET, ParameterType.FILE)
    return policy_too_new(policy) or any(
        parameter.type in sealed and parameter.name in given
        for script in scripts
        for parameter in script.parameters
    )
