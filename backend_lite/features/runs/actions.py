"""The documented device actions: each is a rollout of one step, told in the documented words."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from agent.wire.states import StepState
from backend_lite.contract.actions import (
    LANGUAGE_OF,
    Action,
    ActionCreate,
    ActionType,
    known_type,
    language_mismatch,
)
from backend_lite.contract.common import format_time, optional_time
from backend_lite.contract.library import MAX_CONTENT, Language, os_matches
from backend_lite.contract.runs import (
    RUNS,
    Policy,
    Targets,
    TaskAction,
    TaskCreate,
)
from backend_lite.core.db.unit import Unit
from backend_lite.core.security.principal import Principal
from backend_lite.core.settings import SettingValues
from backend_lite.errors import ForbiddenError, InvalidError
from backend_lite.features.library.api import LibraryApi
from backend_lite.features.runs.output_store import OutputStore
from backend_lite.features.runs.plans import Plan, os_mismatch
from backend_lite.features.runs.reach import Reach
from backend_lite.features.runs.rollouts import Rollouts
from backend_lite.features.runs.tables import AttemptRow, StepRow
from backend_lite.features.runs.targets import Candidate, Need
from backend_lite.features.runs.tasks import task_of
from backend_lite.features.runs.works import SOFTWARE_TYPES, Work, script_text, work_of

TO_WRITE, TO_REMOVE = "scripts:create", "devices:delete"
_SOFTWARE_ACTIONS = {kind: action for action, kind in SOFTWARE_TYPES.items()}
LOG_HALF = 512 << 10
"""How much of head and of tail `logs` shows, in bytes."""


@dataclass(frozen=True)
class ActionRow:
    """A step with what its action view needs besides."""

    step: StepRow
    attempt: AttemptRow | None
    content: str | None


class Actions:
    def __init__(
        self,
        rollouts: Rollouts,
        reach: Reach,
        library: LibraryApi,
        output: OutputStore,
        settings: SettingValues,
    ) -> None:
        self._rollouts = rollouts
        self._reach = reach
        self._library = library
        self._output = output
        self._settings = settings

    async def look_ahead(self, request: ActionCreate) -> None:
        """Look through a text that only this action has: that may take a second, and is known afterwards
        where it is asked for in a write."""
        kind = known_type(request.type)
        language = None if kind is None else LANGUAGE_OF.get(kind)
        if language is not None and request.payload:
            await asyncio.to_thread(self._library.findings, language, request.payload[:MAX_CONTENT])

    def create(self, unit: Unit, device_id: int, request: ActionCreate, principal: Principal) -> ActionRow:
        """Raises NotFoundError and InvalidError with the documented sentences, and ForbiddenError for what is
        more than to run what there is."""
        target = self._rollouts.target(unit.session, device_id)
        work = self._work(unit.session, request)
        self._refuse_beyond(unit.session, work, device_id, principal)
        if not os_matches(work.target_os_type, target.os_type):
            raise os_mismatch(Need(work.language, work.target_os_type, work.what), [target])
        plan = Plan(
            work.title,
            [work],
            [Candidate(target, named=True)],
            Policy(),
            Targets(devices=[device_id]),
            confirmed_devices=request.confirmed_devices,
        )
        created = self._rollouts.ask(unit, plan, principal)
        query = select(StepRow).where(StepRow.run_id.in_(created.run_ids))
        return self._rows(unit.session, unit.session.scalars(query).all())[0]

    def of_device(self, session: Session, device_id: int) -> list[ActionRow]:
        """Newest first, those of the devices that it took over from included."""
        self._rollouts.target(session, device_id)
        line = self._rollouts.line(session, device_id)
        query = select(StepRow).where(StepRow.device_id.in_(line)).order_by(StepRow.id.desc())
        return self._rows(session, session.scalars(query).all())

    async def view(self, row: ActionRow) -> Action:
        step = row.step
        logs, truncated = await self._logs(row)
        ended = step.ended_at
        return Action(
            id=step.id,
            device_id=step.device_id,
            type=documented_type(step.type),
            status=_status(StepState(step.state)),
            payload=row.content,
            script_id=step.script_id,
            logs=logs,
            exit_code=step.exit_code,
            state=StepState(step.state),
            reason=step.reason,
            logs_truncated=truncated,
            logs_url=f"{RUNS}/{step.run_id}/steps/{step.n}/output?stream=stdout",
            created_at=format_time(step.created_at),
            updated_at=format_time(step.updated_at),
            completed_at=optional_time(ended),
        )

    def _refuse_beyond(self, session: Session, work: Work, device_id: int, principal: Principal) -> None:
        is_text = work.payload is not None and work.software_id is None
        if is_text and not principal.may(TO_WRITE):
            raise ForbiddenError(f"To run a text that is not in the library needs the right {TO_WRITE}.")
        if work.type == ActionType.AGENT_UNINSTALL and not self._reach.devices(
            session, [device_id], principal.groups_for(TO_REMOVE)
        ):
            raise ForbiddenError(f"To take the agent away needs the right {TO_REMOVE} there.")

    def _work(self, session: Session, request: ActionCreate) -> Work:
        kind = _known_type(request.type)
        if kind in _SOFTWARE_ACTIONS:
            if request.software_id is None:
                raise InvalidError("software_id must be provided")
            task = TaskCreate(software_id=request.software_id, action=_SOFTWARE_ACTIONS[kind])
            return work_of(session, self._library, task, Policy())
        language = LANGUAGE_OF.get(kind)
        if language is None:
            return Work(
                title=kind.value, type=kind.value, timeout_s=self._settings.whole("jobs.default_timeout_s")
            )
        if request.script_id is not None:
            return self._script_work(session, request.script_id, language)
        if not request.payload or not request.payload.strip():
            raise InvalidError("Either payload or script_id must be provided")
        if len(request.payload.encode()) > MAX_CONTENT:
            raise InvalidError(f"A script is limited to {MAX_CONTENT} bytes.", status=413)
        return Work(
            title=f"{language} on demand",
            type=language,
            timeout_s=self._settings.whole("jobs.default_timeout_s"),
            payload=request.payload,
        )

    def _script_work(self, session: Session, script_id: int, language: Language) -> Work:
        script = self._library.script_for_run(session, script_id=script_id)
        if script.language != language:
            raise InvalidError(language_mismatch(script.language, language))
        return work_of(session, self._library, TaskCreate(script_id=script_id), Policy())

    def _rows(self, session: Session, steps: Sequence[StepRow]) -> list[ActionRow]:
        rows: list[ActionRow] = []
        for step in steps:
            attempt = session.scalar(
                select(AttemptRow).where(AttemptRow.step_id == step.id, AttemptRow.n == step.attempt)
            )
            task = task_of(session, step)
            content = task.payload
            if content is None and step.revision_id is not None:
                script = self._library.script_for_run(session, revision_id=step.revision_id)
                content = script_text(script, TaskAction(task.action))
            rows.append(ActionRow(step, attempt, content))
        return rows

    async def _logs(self, row: ActionRow) -> tuple[str | None, bool]:
        """Both streams in the documented form, head and tail of each; null before anything is known."""
        attempt = row.attempt
        if attempt is None:
            return None, False
        sizes = self._output.sizes(attempt.id) or (attempt.stdout_size, attempt.stderr_size)
        if not any(sizes):
            return ("(no output)" if attempt.outcome else None), False
        texts = [await self._text(attempt.id, stream, size) for stream, size in enumerate(sizes)]
        cut = any(size > LOG_HALF for size in sizes) or attempt.stdout_total > sizes[0]
        return f"=== STDOUT ===\n{texts[0]}\n=== STDERR ===\n{texts[1]}", cut

    async def _text(self, attempt_id: int, stream: int, size: int) -> str:
        half = LOG_HALF // 2
        if size <= LOG_HALF:
            return _decode(await self._output.read(attempt_id, stream, 0, size))
        head = await self._output.read(attempt_id, stream, 0, half)
        tail = await self._output.read(attempt_id, stream, size - half, half)
        return f"{_decode(head)}\n… {size - 2 * half} bytes left out …\n{_decode(tail)}"


def _decode(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _known_type(text: str) -> ActionType:
    kind = known_type(text)
    if kind is None:
        known = ", ".join(kind.value for kind in ActionType)
        raise InvalidError(f"Unknown action type {text[:60]!r}. Known types: {known}.")
    return kind


def documented_type(step_type: str) -> str:
    """The type of a step in the documented words."""
    return ActionType.POWERSHELL_INLINE.value if step_type == "powershell" else step_type


def _status(state: StepState) -> str:
    match state:
        case StepState.WAITING | StepState.QUEUED | StepState.OFFERED:
            return "pending"
        case StepState.RUNNING | StepState.CANCELLING:
            return "running"
        case StepState.SUCCEEDED:
            return "succeeded"
        case _:
            return "failed"
