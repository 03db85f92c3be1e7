"""Backups for people."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from litestar import Request, delete, get, post, put
from litestar.params import FromPath, JSONBody
from litestar.response import Stream

from backend_lite.contract.backups import (
    BACKUP_RULES,
    BACKUPS,
    RECOVERY_KIT,
    Backup,
    BackupCreate,
    BackupRules,
    RecoveryKitCreate,
)
from backend_lite.contract.common import Page
from backend_lite.core.audit.record import Audit
from backend_lite.core.db.database import Database
from backend_lite.core.feature import Route
from backend_lite.core.http.description import BYTES
from backend_lite.core.http.guard import USER, refuse_stale_sign_in
from backend_lite.features.backups.backups import Backups
from backend_lite.features.backups.rules import change_rules, read_rules

AnyRequest = Request[Any, Any, Any]
VIEW = "backups:view"
_PIECE = 1 << 20


def backup_routes(database: Database, backups: Backups, audit: Audit) -> Sequence[Route]:
    @get(BACKUPS, permission=VIEW, audience=USER)
    async def backups_list() -> Page[Backup]:
        """Newest first."""
        return Page(await backups.all())

    @post(BACKUPS, permission="backups:create", audience=USER)
    async def backup_make(request: AnyRequest, data: JSONBody[BackupCreate]) -> Backup:
        """Make one now, and verify it. The master key is in none: a recovery kit has it."""
        if data.folder is not None:
            # The key that all agents trust leaves the data folder in it, and nothing encrypts it there.
            refuse_stale_sign_in(request.user)
        return await backups.create(data)

    @post(f"{BACKUPS}/{{backup_id:str}}/verify", status_code=200, permission="backups:create", audience=USER)
    async def backup_verify(backup_id: FromPath[str]) -> Backup:
        """Read all of it again; `problem` says what is wrong with it."""
        return await backups.verify(backup_id)

    @delete(f"{BACKUPS}/{{backup_id:str}}", permission="backups:delete", audience=USER, step_up=True)
    async def backup_delete(backup_id: FromPath[str]) -> None:
        await backups.delete(backup_id)

    @get(BACKUP_RULES, permission=VIEW, audience=USER)
    async def rules_get() -> BackupRules:
        """When they are made by themselves, and how many are kept."""
        return await database.read(read_rules)

    @put(BACKUP_RULES, permission="backups:edit", audience=USER, step_up=True)
    async def rules_put(data: JSONBody[BackupRules]) -> BackupRules:
        rules = await database.write(lambda unit: change_rules(unit, data, audit))
        await backups.tell()
        return rules

    @post(
        RECOVERY_KIT,
        status_code=200,
        media_type=BYTES,
        permission="backups:create",
        audience=USER,
        step_up=True,
    )
    async def recovery_kit(data: JSONBody[RecoveryKitCreate]) -> Stream:
        """One encrypted file with which another machine takes over the fleet."""
        kit = await backups.make_kit(data)
        named = {
            "Content-Disposition": f'attachment; filename="{kit.name}"',
            "Content-Length": str(kit.stat().st_size),
        }
        return Stream(_pieces(kit), media_type=BYTES, headers=named)

    return [
        backups_list, backup_make, backup_verify, backup_delete, rules_get, rules_put, recovery_kit,
    ]  # fmt: skip


async def _pieces(kit: Path) -> AsyncIterator[bytes]:
    """Its folder goes with the last byte, or with the caller."""
    try:
        with kit.open("rb") as file:
            while piece := await asyncio.to_thread(file.read, _PIECE):
                yield piece
    finally:
        shutil.rmtree(kit.parent, ignore_errors=True)
