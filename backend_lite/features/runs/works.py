"""What a step executes, made from what the library has."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass, field

import msgspec
from sqlalchemy.orm import Session

from backend_lite.contract.actions import ActionType
from backend_lite.contract.arguments import arguments_problem
from backend_lite.contract.parameters import MAX_PARAMETERS_BYTES, PlainValue
from backend_lite.contract.runs import (
    MAX_TIMEOUT_S,
    Policy,
    TaskAction,
    TaskCondition,
    TaskCreate,
    TaskReboot,
)
from backend_lite.errors import InvalidError
from backend_lite.features.library.api import LibraryApi, ScriptForRun
from backend_lite.features.runs.parameters import Prepared, prepare

SOFTWARE_TYPES = {
    TaskAction.INSTALL: ActionType.INSTALL_SOFTWARE,
    TaskAction.UNINSTALL: ActionType.UNINSTALL_SOFTWARE,
}


@dataclass(frozen=True)
class TaskFile:
    name: str
    file_name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Work:
    """What a step executes: a revision, or text that only this rollout has (`payload`). `content` is that of
    the revision where it was read, `detect` the script that runs before it. `language` is what a device
    needs to have. `secrets` are in clear, and never written; `secret_names` are theirs. `exit_codes` None:
    those of the policy."""

    title: str
    type: str
    timeout_s: int
    target_os_type: str | None = None
    script_id: int | None = None
    revision_id: int | None = None
    revision: int | None = None
    payload: str | None = None
    content: str | None = field(default=None, repr=False)
    arguments: list[str] = field(default_factory=list)
    parameters: dict[str, PlainValue] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    secret_names: list[str] = field(default_factory=list)
    files: list[TaskFile] = field(default_factory=list, repr=False)
    continue_on_error: bool = False
    may_repeat: bool = False
    language: str | None = None
    detect: str = field(default="", repr=False)
    action: TaskAction = TaskAction.RUN
    software_id: int | None = None
    profile_task_id: int | None = None
    reboot: TaskReboot = TaskReboot.ANNOUNCED
    condition: TaskCondition = field(default_factory=TaskCondition)
    exit_codes: list[int] | None = None

    @property
    def what(self) -> str:
        """The word for what is meant for a system."""
        return "script" if self.software_id is None else "software"


def work_of(session: Session, library: LibraryApi, task: TaskCreate, policy: Policy) -> Work:
    """What the task's step would execute. Raises InvalidError and NotFoundError."""
    given = (task.script_id, task.revision_id, task.software_id)
    if sum(one is not None for one in given) != 1:
        raise InvalidError("Give exactly one of script_id, revision_id and software_id.")
    if task.software_id is not None:
        work = _software_work(session, library, task, task.software_id, policy)
    else:
        work = _script_work(session, library, task, policy)
    check_work(work)
    return work


def outline_of(session: Session, library: LibraryApi, task: TaskCreate) -> Work:
    """As much of a task's work as there is without its values. Raises NotFoundError, InvalidError."""
    if task.software_id is not None:
        action = task.action or TaskAction.INSTALL
        software = library.software_for_run(session, task.software_id)
        return Work(
            title=task.name or _title(software.name, action),
            type=SOFTWARE_TYPES.get(action, ActionType.INSTALL_SOFTWARE).value,
            timeout_s=software.timeout_s,
            target_os_type=software.target_os_type,
            software_id=software.id,
            condition=task.condition,
        )
    if task.script_id is None and task.revision_id is None:
        raise InvalidError("There is no script.")
    script = library.script_for_run(session, script_id=task.script_id, revision_id=task.revision_id)
    action = task.action or TaskAction.RUN
    return Work(
        title=task.name or _title(script.name, action),
        type=script.language,
        timeout_s=script.timeout_s,
        target_os_type=script.target_os_type,
        script_id=script.script_id,
        revision_id=script.revision_id,
        revision=script.revision,
        content=script_text(script, action),
        language=script.language,
        detect=detect_text(script, action),
        may_repeat=script.idempotent,
        action=action,
        condition=task.condition,
    )


def script_text(script: ScriptForRun, action: TaskAction) -> str | None:
    """What is run of a script; None where it has nothing for the action."""
    match action:
        case TaskAction.UNDO:
            return script.undo
        case TaskAction.DETECT:
            return script.detect
        case _:
            return script.content


def detect_text(script: ScriptForRun, action: TaskAction) -> str:
    """What is run before it, or nothing."""
    return (script.detect or "") if action is TaskAction.RUN else ""


def check_work(work: Work) -> None:
    """Raises InvalidError."""
    if not 1 <= work.timeout_s <= MAX_TIMEOUT_S:
        raise InvalidError(f"The timeout must be between 1 and {MAX_TIMEOUT_S} seconds.")
    if problem := arguments_problem(work.type, work.arguments):
        raise InvalidError(problem)
    if len(msgspec.json.encode([work.arguments, work.parameters])) > MAX_PARAMETERS_BYTES:
        raise InvalidError(f"Arguments and parameters together are limited to {MAX_PARAMETERS_BYTES} bytes.")


def _script_work(session: Session, library: LibraryApi, task: TaskCreate, policy: Policy) -> Work:
    script = library.script_for_run(session, script_id=task.script_id, revision_id=task.revision_id)
    action = task.action or TaskAction.RUN
    if action in SOFTWARE_TYPES:
        raise InvalidError(f"A script cannot be told to {action}: use run, undo or detect.")
    content = script_text(script, action)
    if not content:
        raise InvalidError(f'"{script.name}" has no {action} script.', code=f"no_{action}")
    given, detect = prepare(script.parameters, task.parameters), detect_text(script, action)
    guarded = bool(detect) or action is TaskAction.DETECT
    return Work(
        title=task.name or _title(script.name, action),
        type=script.language,
        timeout_s=_timeout(task, policy, script.timeout_s),
        target_os_type=script.target_os_type,
        script_id=script.script_id,
        revision_id=script.revision_id,
        revision=script.revision,
        content=content,
        arguments=task.arguments,
        parameters=given.plain,
        secrets=given.secrets,
        secret_names=list(given.secrets),
        files=_files(given),
        continue_on_error=task.continue_on_error,
        # What detects that there is nothing left to do may be run again.
        may_repeat=script.idempotent or policy.idempotent or guarded,
        language=script.language,
        detect=detect,
        action=action,
        profile_task_id=task.profile_task_id,
        reboot=task.reboot,
        condition=task.condition,
    )


def _software_work(
    session: Session, library: LibraryApi, task: TaskCreate, software_id: int, policy: Policy
) -> Work:
    software = library.software_for_run(session, software_id)
    action = task.action or TaskAction.INSTALL
    if action not in SOFTWARE_TYPES:
        raise InvalidError(f"Software cannot be told to {action}: use install or uninstall.")
    if task.arguments or task.parameters:
        raise InvalidError("Software takes neither arguments nor parameters: change the software item.")
    job = software.job(action.value)
    return Work(
        title=task.name or _title(software.name, action),
        type=SOFTWARE_TYPES[action].value,
        timeout_s=_timeout(task, policy, software.timeout_s),
        target_os_type=software.target_os_type,
        payload=msgspec.json.encode(job).decode(),
        continue_on_error=task.continue_on_error,
        may_repeat=policy.idempotent or job.detection.type != "none",
        action=action,
        software_id=software.id,
        profile_task_id=task.profile_task_id,
        reboot=task.reboot,
        condition=task.condition,
        exit_codes=list(software.exit_codes),
    )


def _title(name: str, action: TaskAction) -> str:
    return name if action is TaskAction.RUN else f"{action.capitalize()} {name}"


def _timeout(task: TaskCreate, policy: Policy, usual: int) -> int:
    if task.timeout_s is not None:
        return task.timeout_s
    return policy.timeout_s if policy.timeout_s is not None else usual


def _files(given: Prepared) -> list[TaskFile]:
    return [TaskFile(name, value.file_name, b64decode(value.content)) for name, value in given.files.items()]
