"""Making, verifying and deleting backups beside everything else, one at a time."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec
import structlog

from backend_lite.contract.audit import ActionType
from backend_lite.contract.backups import (
    MIN_PASSPHRASE,
    NIGHTLY,
    Backup,
    BackupCreate,
    BackupState,
    RecoveryKitCreate,
)
from backend_lite.contract.common import format_time, optional_time
from backend_lite.contract.live import BACKUP_STATE
from backend_lite.core.audit.record import Entity
from backend_lite.core.backup.kit import write_kit
from backend_lite.core.backup.make import PART, Wanted, make_backup
from backend_lite.core.backup.shelf import Shelf, ShelvedBackup, Verified, expendable
from backend_lite.core.blobs import disk_free
from backend_lite.core.db.meta import get_meta, set_meta
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import Changed
from backend_lite.core.feature import Kernel
from backend_lite.errors import InvalidError
from backend_lite.features.backups.rules import next_due, read_rules
from backend_lite.features.backups.work import Work

log = structlog.get_logger(__name__)

T = TypeVar("T")
_PROBLEM = "backup_problem"
_MAX_REASON = 200
_FEWEST_DIFFERENT = 6


class Backups:
    """Its work runs in threads; the service goes on meanwhile."""

    def __init__(self, kernel: Kernel, free: Callable[[Path], int] = disk_free) -> None:
        self._kernel = kernel
        self._data = kernel.config.data
        self._shelf = Shelf(self._data.backups)
        self._free = free
        self._work = Work(self._tell)
        self._known = BackupState("", 0, 0, None, "", None, str(self._data.root.resolve()))

    async def start(self) -> None:
        await asyncio.to_thread(self._shelf.sweep)

    async def all(self) -> list[Backup]:
        """Newest first."""
        return [self._view(one) for one in await asyncio.to_thread(self._shelf.all)]

    async def create(self, wanted: BackupCreate) -> Backup:
        """Raises InvalidError, DiskFullError, ConflictError while another is made."""
        reason = " ".join(wanted.reason.split())[:_MAX_REASON]
        if reason == NIGHTLY:
            raise InvalidError(f'The reason "{NIGHTLY}" is for those that the service makes by itself.')
        return await self._create(reason, wanted.with_output, _checked_folder(wanted.folder))

    async def create_nightly(self) -> None:
        """Make one, and remove those that the rules no longer keep. Raises what `create` raises."""
        rules = await self._kernel.database.read(read_rules)
        await self._create(NIGHTLY, rules.with_output, None)
        nightly = [one for one in await asyncio.to_thread(self._shelf.all) if _is_nightly(one)]
        for backup_id in expendable(nightly, rules.keep_daily, rules.keep_weekly):
            await self.delete(backup_id)

    async def verify(self, backup_id: str) -> Backup:
        """Read all of it again. Raises NotFoundError, ConflictError."""
        now = self._kernel.clock.now_ms()
        async with self._work.on("verify") as progress:
            found = await asyncio.to_thread(self._shelf.verify, backup_id, now, progress)
            if found.problem:
                said = f"A backup was found damaged: {found.problem}"
                await self._record("backups.verify", ActionType.SYSTEM, backup_id, said)
        await self.tell()
        return self._view(found)

    async def delete(self, backup_id: str) -> None:
        """Raises NotFoundError."""
        found = await asyncio.to_thread(self._shelf.one, backup_id)
        before = self._view(found)

        def work(unit: Unit) -> None:
            said = f"{unit.caller.name} deleted the backup of {before.created_at}."
            entity = Entity("backup", backup_id, before.reason)
            self._kernel.audit.record(unit, "backups.delete", ActionType.DELETE, entity, said, before=before)

        await self._kernel.database.write(work)
        await asyncio.to_thread(self._shelf.delete, backup_id)
        await self.tell()

    async def make_kit(self, wanted: RecoveryKitCreate) -> Path:
        """A kit in a folder of its own, which is for the caller to delete. Raises InvalidError,
        DiskFullError, ConflictError."""
        passphrase = checked_passphrase(wanted.passphrase)
        folder = self._shelf.folder / f".kit-{secrets.token_hex(8)}{PART}"
        async with self._work.on("kit") as progress:
            plan = self._plan("recovery kit", wanted.with_output)
            try:
                await self._in_thread(partial(make_backup, progress=progress), folder / "backup", plan)
                kit = folder / f"deployflow-{plan.id}.kit"
                keys = self._kernel.master_key.exported()
                await asyncio.to_thread(write_kit, folder / "backup", keys, kit, passphrase)
                await asyncio.to_thread(shutil.rmtree, folder / "backup", ignore_errors=True)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            said = f"{{}} made a recovery kit{' with output' if wanted.with_output else ''}."
            await self._record("backups.kit", ActionType.EXPORT, plan.id, said)
        return kit

    async def set_problem(self, problem: str) -> None:
        """Why the last nightly backup failed; empty when it did not."""

        def work(unit: Unit) -> None:
            before = get_meta(unit.session, _PROBLEM) or ""
            set_meta(unit.session, _PROBLEM, problem)
            if problem and problem != before:
                said = f"The nightly backup failed: {problem}"
                self._kernel.audit.record(
                    unit, "backups.nightly", ActionType.SYSTEM, Entity("backup", "nightly"), said
                )

        await self._kernel.database.write(work)
        await self.tell()

    async def state(self) -> BackupState:
        """As it is now, also on the disk."""
        backups = await asyncio.to_thread(self._shelf.all)
        rules = await self._kernel.database.read(read_rules)
        problem = await self._kernel.database.read(lambda session: get_meta(session, _PROBLEM))
        good = next((one.manifest for one in backups if one.is_good), None)
        due = next_due(rules, self._kernel.clock.now_ms()) if rules.nightly else None
        self._known = msgspec.structs.replace(
            self._known,
            last_good_at=format_time(good.created_at) if good is not None else None,
            problem=problem or "",
            next_at=optional_time(due),
        )
        return self._now()

    async def tell(self) -> None:
        """Consoles are shown the state anew."""
        await self.state()
        self._tell()

    async def _create(self, reason: str, with_output: bool, folder: Path | None) -> Backup:
        async with self._work.on("backup") as progress:
            plan = self._plan(reason, with_output)
            target = folder or self._shelf.folder / plan.id
            manifest = await self._in_thread(partial(make_backup, progress=progress), target, plan)
            found = ShelvedBackup(plan.id, manifest, self._kernel.clock.now_ms(), "")
            if folder is None:
                await asyncio.to_thread(self._shelf.note, plan.id, Verified(self._kernel.clock.now_ms()))
            made = self._view(found, target)
            said = f"{{}} made a backup{f' ({reason})' if reason else ''}."
            await self._record("backups.create", ActionType.CREATE, plan.id, said, after=made)
        await self.tell()
        return made

    def _plan(self, reason: str, with_output: bool) -> Wanted:
        now = self._kernel.clock.now_ms()
        return Wanted(self._shelf.new_id(now), now, reason, with_output)

    async def _in_thread(self, make: Callable[..., T], target: Path, plan: Wanted) -> T:
        key_file = self._kernel.config.key_file
        return await asyncio.to_thread(make, self._data, target, plan, key_file=key_file, free=self._free)

    async def _record(
        self, action: str, kind: ActionType, backup_id: str, said: str, after: msgspec.Struct | None = None
    ) -> None:
        def work(unit: Unit) -> None:
            entity, sentence = Entity("backup", backup_id), said.replace("{}", unit.caller.name)
            self._kernel.audit.record(unit, action, kind, entity, sentence, after=after)

        await self._kernel.database.write(work)

    def _view(self, one: ShelvedBackup, path: Path | None = None) -> Backup:
        manifest = one.manifest
        return Backup(
            id=one.id,
            created_at=format_time(manifest.created_at if manifest else _time_of(one.id)),
            reason=manifest.reason if manifest else "",
            size=manifest.size if manifest else 0,
            schema=manifest.schema if manifest else "",
            version=manifest.version if manifest else "",
            with_output=manifest.with_output if manifest else False,
            verified_at=optional_time(one.verified_at),
            problem=one.problem,
            path=str((path or self._shelf.folder / one.id).absolute()),
        )

    def _now(self) -> BackupState:
        work = self._work
        return msgspec.structs.replace(self._known, doing=work.doing, done=work.done, total=work.total)

    def _tell(self) -> None:
        self._kernel.bus.publish([Changed(BACKUP_STATE, self._known.id, self._now())])


def checked_passphrase(passphrase: str) -> str:
    """Raises InvalidError."""
    if len(passphrase) < MIN_PASSPHRASE:
        raise InvalidError(
            f"The passphrase has {len(passphrase)} characters; a recovery kit needs at least "
            f"{MIN_PASSPHRASE}, such as five unrelated words.",
            code="weak_passphrase",
        )
    if len(set(passphrase)) < _FEWEST_DIFFERENT:
        raise InvalidError(
            "The passphrase repeats itself. Choose another, such as five unrelated words.",
            code="weak_passphrase",
        )
    return passphrase


def _checked_folder(folder: str | None) -> Path | None:
    if folder is None:
        return None
    path = Path(folder)
    if not path.is_absolute() or "\0" in folder:
        raise InvalidError("Name the folder in full, as it is called on the machine of the service.")
    return path


def _is_nightly(one: ShelvedBackup) -> bool:
    return one.manifest is not None and one.manifest.reason == NIGHTLY


def _time_of(backup_id: str) -> int:
    """The time in its name."""
    stamp = datetime.strptime(backup_id[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    return round(stamp.timestamp() * 1000)
