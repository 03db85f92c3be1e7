"""What can be done about backups."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

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
from backend_lite.contract.live import BACKUP_STATE
from console.core import formatting
from console.core.client import ApiClient
from console.core.errors import Mendable
from console.core.ops import Op, Progress, each_op
from console.core.texts import tr

LONG_S = 6 * 3600.0
"""A backup of much output takes its time, and the answer comes when it is whole."""


def load(client: ApiClient) -> Op[list[Backup]]:
    async def call(_progress: Progress) -> list[Backup]:
        return (await client.get(BACKUPS, Page[Backup])).items

    return Op(tr("Load the backups"), call)


def make(client: ApiClient, wanted: BackupCreate) -> Op[Backup]:
    async def call(progress: Progress) -> Backup:
        progress.report(None, tr("Copying and verifying"))
        return await client.post(BACKUPS, wanted, Backup, timeout_s=LONG_S)

    return Op(tr("Make a backup"), call, (BACKUP_STATE,))


def verify(client: ApiClient, backup_id: str) -> Op[Backup]:
    async def call(progress: Progress) -> Backup:
        progress.report(None, tr("Reading all of it"))
        return await client.post(f"{BACKUPS}/{backup_id}/verify", None, Backup, timeout_s=LONG_S)

    return Op(tr("Verify a backup"), call, (BACKUP_STATE,))


def delete(client: ApiClient, backup_ids: list[str]) -> Op[int]:
    """Answers how many went."""
    return each_op(
        tr("Delete backups"), backup_ids, lambda one: client.delete(f"{BACKUPS}/{one}"), BACKUP_STATE
    )


def load_rules(client: ApiClient) -> Op[BackupRules]:
    async def call(_progress: Progress) -> BackupRules:
        return await client.get(BACKUP_RULES, BackupRules)

    return Op(tr("Load the rules of backups"), call)


def save_rules(client: ApiClient, rules: BackupRules) -> Op[BackupRules]:
    async def call(_progress: Progress) -> BackupRules:
        return await client.put(BACKUP_RULES, rules, BackupRules)

    return Op(tr("Save the rules of backups"), call, (BACKUP_STATE,))


def make_kit(client: ApiClient, wanted: RecoveryKitCreate, to: Path) -> Op[Path]:
    """The kit appears under its name when all of it has come."""

    async def call(progress: Progress) -> Path:
        progress.report(None, tr("Copying, verifying and encrypting"))
        part = to.with_name(f"{to.name}.part")
        try:
            async with client.stream(RECOVERY_KIT, body=wanted, timeout_s=LONG_S) as pieces:
                await _write(part, pieces, progress)
            await asyncio.to_thread(part.replace, to)
        except OSError as error:
            raise Mendable(tr("{path} could not be written: {why}.", path=to, why=error.strerror)) from error
        finally:
            part.unlink(missing_ok=True)
        return to

    return Op(tr("Make a recovery kit"), call, (BACKUP_STATE,))


async def _write(path: Path, pieces: AsyncIterator[bytes], progress: Progress) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
    descriptor = await asyncio.to_thread(os.open, path, flags, 0o600)
    written = 0
    with os.fdopen(descriptor, "wb") as file:
        async for piece in pieces:
            await asyncio.to_thread(file.write, piece)
            written += len(piece)
            progress.report(None, formatting.size(written))
        file.flush()
        await asyncio.to_thread(os.fsync, file.fileno())
