"""The very texts that a held rollout would run, for the second person."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from agent.wire.software import SoftwareJob
from backend_lite.contract.approvals import ApprovalText, PinnedSoftware
from backend_lite.contract.runs import TaskAction
from backend_lite.core.security.principal import Principal
from backend_lite.errors import ForbiddenError
from backend_lite.features.library.api import LibraryApi
from backend_lite.features.runs.approval_reach import ApprovalReach
from backend_lite.features.runs.approvals_gate import MAY_APPROVE
from backend_lite.features.runs.tables import ApprovalRow, RolloutTaskRow
from backend_lite.features.runs.works import SOFTWARE_TYPES, detect_text, script_text


class ApprovalTexts:
    def __init__(self, library: LibraryApi, reach: ApprovalReach) -> None:
        self._library = library
        self._reach = reach

    def of(self, session: Session, approval_id: int, reader: Principal) -> list[ApprovalText]:
        """Raises NotFoundError, ForbiddenError."""
        self._reach.refuse_unseen(session, approval_id, reader)
        row = session.get_one(ApprovalRow, approval_id)
        own = reader.user_id == row.requested_by_id
        if not own and not self._reach.may_decide(session, approval_id, reader):
            raise ForbiddenError(f'Who asked for it and who has the right "{MAY_APPROVE}" see its texts.')
        tasks = select(RolloutTaskRow).where(RolloutTaskRow.rollout_id == row.rollout_id)
        found = session.scalars(tasks.order_by(RolloutTaskRow.n)).all()
        return [text for task in found for text in self._of(session, task)]

    def _of(self, session: Session, task: RolloutTaskRow) -> Iterator[ApprovalText]:
        if task.payload is None and task.revision_id is not None:
            action = TaskAction(task.action)
            script = self._library.script_for_run(session, revision_id=task.revision_id)
            if detect := detect_text(script, action):
                yield ApprovalText(task.n, script.language, detect, "detect")
            yield ApprovalText(task.n, script.language, script_text(script, action) or "")
        elif task.payload is not None and task.type in SOFTWARE_TYPES.values():
            yield _of_software(task.n, msgspec.json.decode(task.payload, type=SoftwareJob))
        else:
            yield ApprovalText(task.n, task.type, task.payload or "")


def _of_software(n: int, job: SoftwareJob) -> ApprovalText:
    pinned = PinnedSoftware(
        installer_type=job.installer_type,
        source_type=job.source_type,
        source=job.source or job.file_name,
        arguments=job.arguments,
        sha256=job.sha256,
    )
    return ApprovalText(n, job.language, job.command, software=pinned)
