"""The tasks of rollouts: what each step executes, and how it is offered."""

from __future__ import annotations

from base64 import b64encode
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, Text, cast, select
from sqlalchemy.orm import Session

from agent.wire.messages import Download, Offer, OfferFile
from agent.wire.software import SoftwareJob
from backend_lite.contract.parameters import PlainValue
from backend_lite.contract.runs import Policy, RunAs, Task, TaskAction, TaskCondition, TaskReboot
from backend_lite.core.db.prepared import Prepared, among
from backend_lite.core.events.bus import Event, EventBus
from backend_lite.features.library.api import FileForRun, LibraryApi
from backend_lite.features.runs.moment import Moment
from backend_lite.features.runs.tables import (
    RolloutTaskRow,
    RunRow,
    StepRow,
    StepSecretsRow,
    TaskFileRow,
)
from backend_lite.features.runs.works import SOFTWARE_TYPES, Work, detect_text, script_text

_KEPT = 64
_SECRETS = Prepared(
    select(StepSecretsRow.step_id, cast(StepSecretsRow.sealed, Text)).where(among(StepSecretsRow.step_id))
)


@dataclass(frozen=True, slots=True)
class TaskWork:
    """A task with all that an offer of it carries to every device alike. `may_repeat`: a retry is allowed.
    `exit_codes` None: those of the policy. `file` is what a device has to download for it."""

    type: str
    payload: str
    arguments: tuple[str, ...]
    parameters: dict[str, PlainValue]
    files: tuple[OfferFile, ...]
    has_secrets: bool
    may_repeat: bool
    detect: str = ""
    exit_codes: tuple[int, ...] | None = None
    reboot: TaskReboot = TaskReboot.ANNOUNCED
    file: FileForRun | None = None

    def wire_version(self, policy: Policy) -> int:
        """The first version of the protocol whose agents carry it out as it is meant."""
        newer = self.has_secrets or bool(self.files)
        return max(wire_version_of(self.type, self.detect, newer), wire_version_for(policy))


def wire_version_of(kind: str, detect: str, newer: bool) -> int:
    """The first version of the protocol that knows such work; `newer`: it has secrets or files."""
    if detect or kind in SOFTWARE_TYPES.values():
        return 3
    return 2 if newer else 1


def wire_version_for(policy: Policy) -> int:
    """The first version of the protocol whose agents keep to it."""
    newer = policy.run_as is RunAs.USER or policy.working_folder or policy.idle_timeout_s or policy.parallel
    return 2 if newer else 1


@dataclass(frozen=True, slots=True)
class TasksRead(Event):
    """The tasks of a rollout as they were in a write that is committed now."""

    rollout_id: int
    tasks: list[TaskWork]


class Tasks:
    """Tasks never change, so those of the newest rollouts are kept. A write that is undone may have given
    its rollout's id to another one: only what was committed is kept."""

    def __init__(self, library: LibraryApi, bus: EventBus) -> None:
        self._library = library
        self._kept: OrderedDict[int, list[TaskWork]] = OrderedDict()
        bus.subscribe(TasksRead, self._keep)

    def made(self, moment: Moment, rollout_id: int, works: Sequence[Work]) -> None:
        """A new rollout: where all that its steps execute is at hand, it need not be read again."""
        found: list[TaskWork] = []
        for work in works:
            text = work.payload if work.payload is not None or work.revision_id is None else work.content
            if text is None and work.revision_id is not None:
                return
            found.append(_of_work(work, text or ""))
        self._remember(moment, rollout_id, found)

    def downloads(self, device_id: int, task: TaskWork) -> tuple[Download, ...]:
        """Where the device gets the task's file from."""
        return () if task.file is None else (self._library.download(device_id, task.file),)

    def of(self, moment: Moment, rollout_id: int) -> list[TaskWork]:
        """What the steps of the rollout's runs execute, in their order."""
        found = self._kept.get(rollout_id) or moment.tasks.get(rollout_id)
        if found is None:
            found = self._load(moment.session, rollout_id)
            self._remember(moment, rollout_id, found)
        return found

    def _remember(self, moment: Moment, rollout_id: int, tasks: list[TaskWork]) -> None:
        moment.tasks[rollout_id] = tasks
        moment.unit.publish(TasksRead(rollout_id, tasks))

    def _keep(self, event: TasksRead) -> None:
        self._kept[event.rollout_id] = event.tasks
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)

    def _load(self, session: Session, rollout_id: int) -> list[TaskWork]:
        files: dict[int, list[TaskFileRow]] = defaultdict(list)
        for row in session.scalars(select(TaskFileRow).where(TaskFileRow.rollout_id == rollout_id)):
            files[row.n].append(row)
        return [self._work(session, task, files[task.n]) for task in _rows(session, [rollout_id])]

    def _work(self, session: Session, task: RolloutTaskRow, files: list[TaskFileRow]) -> TaskWork:
        payload, detect, action = task.payload, "", TaskAction(task.action)
        if payload is None and task.revision_id is not None:
            script = self._library.script_for_run(session, revision_id=task.revision_id)
            payload, detect = script_text(script, action), detect_text(script, action)
        offered = (OfferFile(file.name, task.files[file.name], _text(file.content)) for file in files)
        return TaskWork(
            type=task.type,
            payload=payload or "",
            arguments=tuple(task.arguments),
            parameters=task.parameters,
            files=tuple(offered),
            has_secrets=bool(task.secrets),
            may_repeat=task.may_repeat,
            detect=detect,
            exit_codes=None if task.exit_codes is None else tuple(task.exit_codes),
            reboot=TaskReboot(task.reboot),
            file=_file_of(task.type, payload or ""),
        )


def _of_work(work: Work, payload: str) -> TaskWork:
    return TaskWork(
        type=work.type,
        payload=payload,
        arguments=tuple(work.arguments),
        parameters=work.parameters,
        files=tuple(OfferFile(file.name, file.file_name, _text(file.content)) for file in work.files),
        has_secrets=bool(work.secret_names),
        may_repeat=work.may_repeat,
        detect=work.detect,
        exit_codes=None if work.exit_codes is None else tuple(work.exit_codes),
        reboot=work.reboot,
        file=_file_of(work.type, payload),
    )


def sealed_secrets(connection: Connection, step_ids: Sequence[int]) -> dict[int, dict[str, str]]:
    """By the id of each step that has any: its secrets, sealed."""
    rows = _SECRETS.listed(connection, step_ids)
    return {step_id: msgspec.json.decode(sealed) for step_id, sealed in rows}


def _file_of(kind: str, payload: str) -> FileForRun | None:
    """What the software of a step has to be downloaded from the service."""
    if kind not in SOFTWARE_TYPES.values():
        return None
    job = msgspec.json.decode(payload, type=SoftwareJob)
    if job.source_type != "upload" or not job.sha256:
        return None
    return FileForRun(job.sha256, job.size, job.file_name)


def offer_of(
    name: str,
    step: StepRow,
    task: TaskWork,
    policy: Policy,
    secrets: dict[str, str],
    downloads: tuple[Download, ...],
) -> Offer:
    """The offer of the step's attempt called `name`."""
    return Offer(
        attempt=name,
        type=task.type,
        payload=task.payload,
        timeout_s=float(step.timeout_s),
        arguments=task.arguments,
        parameters=task.parameters,
        idle_timeout_s=float(policy.idle_timeout_s or 0),
        working_folder=policy.working_folder,
        run_as=policy.run_as.value,
        secrets=secrets,
        files=task.files,
        parallel=policy.parallel,
        detect=task.detect,
        downloads=downloads,
    )


def task_views(session: Session, rollout_ids: Iterable[int]) -> dict[int, list[Task]]:
    """The tasks of each rollout as people see them: secrets and files by name only."""
    found: dict[int, list[Task]] = defaultdict(list)
    for row in _rows(session, list(rollout_ids)):
        found[row.rollout_id].append(task_view(row))
    return found


def task_view(row: RolloutTaskRow) -> Task:
    return Task(
        n=row.n,
        type=row.type,
        name=row.name,
        script_id=row.script_id,
        revision_id=row.revision_id,
        revision=row.revision,
        arguments=row.arguments,
        parameters=row.parameters,
        secrets=row.secrets,
        files=row.files,
        timeout_s=row.timeout_s,
        continue_on_error=row.continue_on_error,
        software_id=row.software_id,
        profile_task_id=row.profile_task_id,
        action=TaskAction(row.action),
        reboot=TaskReboot(row.reboot),
        condition=msgspec.convert(row.condition or {}, TaskCondition),
    )


def task_of(session: Session, step: StepRow) -> RolloutTaskRow:
    """The task that the step executes."""
    query = select(RolloutTaskRow).join(RunRow, RunRow.rollout_id == RolloutTaskRow.rollout_id)
    return session.scalars(query.where(RunRow.id == step.run_id, RolloutTaskRow.n == step.n)).one()


def _rows(session: Session, rollout_ids: Sequence[int]) -> Sequence[RolloutTaskRow]:
    query = select(RolloutTaskRow).where(RolloutTaskRow.rollout_id.in_(rollout_ids))
    return session.scalars(query.order_by(RolloutTaskRow.rollout_id, RolloutTaskRow.n)).all()


def _text(content: bytes) -> str:
    return b64encode(content).decode()
