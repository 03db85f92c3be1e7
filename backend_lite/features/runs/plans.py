"""From what a person asks for to what will be written: the plan of a rollout."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec
from sqlalchemy.orm import Session

from backend_lite.contract.parameters import MAX_PARAMETERS_BYTES, PlainValue
from backend_lite.contract.runs import (
    MAX_ARGUMENTS,
    MAX_TASKS,
    MAX_TIMEOUT_S,
    Policy,
    RolloutCreate,
    Targets,
    TaskCreate,
)
from backend_lite.errors import InvalidError, ServiceError
from backend_lite.features.fleet.api import RunTarget
from backend_lite.features.library.api import LibraryApi
from backend_lite.features.runs.parameters import Prepared, prepare
from backend_lite.features.runs.policies import check_policy
from backend_lite.features.runs.seals import Seals
from backend_lite.features.runs.targets import Candidate, Targeting

MAX_TITLE = 300
_WAITED_FOR = ("not_approved", "quarantined")
"""Problems that a person may solve while the run of a device that was named waits."""


@dataclass(frozen=True)
class TaskFile:
    name: str
    file_name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Work:
    """What a step executes: a revision, or text that only this rollout has (`payload`). `content` is that of
    the revision where it was read. `secrets` are in clear, and never written; `secret_names` are theirs."""

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


Sealed = Callable[[RunTarget, int], dict[str, str]]
"""The secrets of the n-th task (from 0), sealed to that device."""


@dataclass(frozen=True)
class Plan:
    """`works` are the steps of every run, `candidates` the devices. `targets` is what was asked for."""

    title: str
    works: Sequence[Work]
    candidates: Sequence[Candidate]
    policy: Policy
    targets: Targets
    origin_id: int | None = None
    sealed: Sealed | None = None
    seals: Seals = field(default_factory=Seals, repr=False)

    @property
    def runs(self) -> int:
        """How many runs can do something."""
        return sum(not is_skipped(candidate) for candidate in self.candidates)

    def secrets(self, target: RunTarget, index: int) -> dict[str, str]:
        if self.sealed is not None:
            return self.sealed(target, index)
        return self.seals.of(target.public_key, index, self.works[index].secrets)


def is_skipped(candidate: Candidate) -> bool:
    """Its run is made as skipped, with the candidate's problem as its reason."""
    return bool(candidate.problem) and not (candidate.named and candidate.problem in _WAITED_FOR)


class Plans:
    """Works inside the caller's session."""

    def __init__(self, library: LibraryApi, targeting: Targeting) -> None:
        self._library = library
        self._targeting = targeting

    def seal_ahead(self, session: Session, request: RolloutCreate) -> Seals:
        """The secrets that `make` will find are needed, as far as can be told before; nothing is refused."""
        seals = Seals()
        with suppress(ServiceError):
            works = [self.work(session, task, request.policy) for task in tasks_of(request)]
            secret = [(index, work.secrets) for index, work in enumerate(works) if work.secrets]
            meant = self.candidates(session, request.targets, works) if secret else []
            for one in meant:
                for index, secrets in secret if not is_skipped(one) else ():
                    seals.of(one.target.public_key, index, secrets)
        return seals

    def make(self, session: Session, request: RolloutCreate, seals: Seals | None = None) -> Plan:
        """`seals` are of the same request. Raises InvalidError and NotFoundError with the sentence why it
        cannot be carried out."""
        works = [self.work(session, task, request.policy) for task in tasks_of(request)]
        candidates = self.candidates(session, request.targets, works)
        refuse_named(candidates, works)
        title = request.title.strip()[:MAX_TITLE] or _title(works)
        seals = seals or Seals()
        plan = Plan(title, works, candidates, request.policy, request.targets, seals=seals)
        check_policy(request.policy, total=plan.runs, may_repeat=all(work.may_repeat for work in works))
        return plan

    def candidates(self, session: Session, targets: Targets, works: Sequence[Work]) -> list[Candidate]:
        """Each device with the first problem that any of the tasks has there."""
        found: dict[int, Candidate] = {}
        for language, os_type in dict.fromkeys((work.type, work.target_os_type) for work in works):
            for one in self._targeting.resolve(session, targets, language=language, target_os_type=os_type):
                known = found.get(one.target.id)
                if known is None or not known.problem:
                    found[one.target.id] = one
        return list(found.values())

    def work(self, session: Session, task: TaskCreate, policy: Policy) -> Work:
        """What the task's step would execute. Raises InvalidError and NotFoundError."""
        if (task.script_id is None) == (task.revision_id is None):
            raise InvalidError("Give either script_id or revision_id.")
        script = self._library.script_for_run(session, script_id=task.script_id, revision_id=task.revision_id)
        given = prepare(script.parameters, task.parameters)
        work = Work(
            title=script.name,
            type=script.language,
            timeout_s=_timeout(task, policy, script.timeout_s),
            target_os_type=script.target_os_type,
            script_id=script.script_id,
            revision_id=script.revision_id,
            revision=script.revision,
            content=script.content,
            arguments=task.arguments,
            parameters=given.plain,
            secrets=given.secrets,
            secret_names=list(given.secrets),
            files=_files(given),
            continue_on_error=task.continue_on_error,
            may_repeat=script.idempotent or policy.idempotent,
        )
        check_work(work)
        return work


def check_work(work: Work) -> None:
    """Raises InvalidError."""
    if not 1 <= work.timeout_s <= MAX_TIMEOUT_S:
        raise InvalidError(f"The timeout must be between 1 and {MAX_TIMEOUT_S} seconds.")
    if len(work.arguments) > MAX_ARGUMENTS:
        raise InvalidError(f"At most {MAX_ARGUMENTS} arguments can be given.")
    if any("\0" in argument for argument in work.arguments):
        raise InvalidError("An argument cannot contain a NUL character.")
    if work.type == "cmd" and work.arguments:
        raise InvalidError(
            "A cmd script takes no arguments, because cmd.exe would read them as commands. Use parameters: "
            "they arrive as variables."
        )
    if len(msgspec.json.encode([work.arguments, work.parameters])) > MAX_PARAMETERS_BYTES:
        raise InvalidError(f"Arguments and parameters together are limited to {MAX_PARAMETERS_BYTES} bytes.")


def refuse_named(candidates: Sequence[Candidate], works: Sequence[Work]) -> None:
    """Raises InvalidError for devices that were named by their id and cannot run it."""
    wrong = [one for one in candidates if one.named and is_skipped(one)]
    if not wrong:
        return
    mismatched = [one.target for one in wrong if one.problem == "os_mismatch"]
    if mismatched:
        wanted = next((work.target_os_type for work in works if work.target_os_type), None)
        raise os_mismatch(wanted, mismatched)
    more = f" And {len(wrong) - 1} more devices cannot run it either." if len(wrong) > 1 else ""
    raise InvalidError(f"{wrong[0].detail}{more} Nothing was started.", code=wrong[0].problem)


def os_mismatch(target_os_type: str | None, wrong: Sequence[RunTarget]) -> InvalidError:
    """The documented sentence, which names both sides."""
    named = ", ".join(f"{target.hostname} is {target.os_type}" for target in wrong[:5])
    more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
    sides = f"script {target_os_type}, device {wrong[0].os_type}"
    return InvalidError(
        f"Script target_os_type is not compatible with device os_type: {sides} ({named}{more})",
        code="os_mismatch",
    )


def may_have_secrets(request: RolloutCreate) -> bool:
    return bool(request.parameters) or any(task.parameters for task in request.tasks)


def tasks_of(request: RolloutCreate) -> list[TaskCreate]:
    """Its tasks, also where it names one script. Raises InvalidError."""
    alone = request.script_id is not None or request.revision_id is not None
    if request.tasks and (alone or request.arguments or request.parameters):
        raise InvalidError("Give either tasks, or one script with its arguments and parameters.")
    if len(request.tasks) > MAX_TASKS:
        raise InvalidError(f"A rollout has at most {MAX_TASKS} tasks.")
    return request.tasks or [
        TaskCreate(
            script_id=request.script_id,
            revision_id=request.revision_id,
            arguments=request.arguments,
            parameters=request.parameters,
        )
    ]


def _timeout(task: TaskCreate, policy: Policy, usual: int) -> int:
    if task.timeout_s is not None:
        return task.timeout_s
    return policy.timeout_s if policy.timeout_s is not None else usual


def _files(given: Prepared) -> list[TaskFile]:
    return [TaskFile(name, value.file_name, b64decode(value.content)) for name, value in given.files.items()]


def _title(works: Sequence[Work]) -> str:
    more = len(works) - 1
    return works[0].title if not more else f"{works[0].title} and {more} more"
