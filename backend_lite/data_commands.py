"""What the command line does for the safety of the data: backups, restores, kits, and lost passwords."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from backend_lite.commands import on_folder, read_secret, signed_in
from backend_lite.config import Config, DataFolder
from backend_lite.contract.accounts import USERS, UserUpdate
from backend_lite.contract.audit import AUDIT_EVENTS, AuditVerdict
from backend_lite.contract.backups import (
    BACKUPS,
    RECOVERY_KIT,
    Backup,
    BackupCreate,
    RecoveryKitCreate,
)
from backend_lite.contract.common import format_time
from backend_lite.core.backup.kit import open_kit
from backend_lite.core.backup.manifest import Manifest
from backend_lite.core.backup.restore import refuse_running, restore_backup
from backend_lite.core.local_service import running_service
from backend_lite.core.names import name_key
from backend_lite.core.security.master_key import import_master_key
from backend_lite.errors import StartError

_LONG_S = 6 * 3600.0
"""A backup of much output takes its time."""
_NO_MASTER_KEY = (
    "The master key of stored secrets is not in it: keep its key file yourself, or make a recovery kit."
)


def backup(config: Config, folder: Path | None, *, with_output: bool) -> str:
    """Make one beside the running service or without one; the sentence that says where it lies."""
    target = str(folder.absolute()) if folder is not None else None
    wanted = BackupCreate(with_output, "command line", target)
    service = running_service(config.data)
    if service is not None:
        with signed_in(service) as token:
            body = msgspec.to_builtins(wanted)
            answer = service.call("POST", BACKUPS, body, token=token, timeout_s=_LONG_S)
        made = msgspec.convert(answer, Backup)
    else:
        made = on_folder(config, lambda opened: opened.feature("backups").api.create(wanted))
    return f"{made.path} is a verified backup ({made.size >> 10:,} KB). {_NO_MASTER_KEY}"


def recovery_kit(config: Config, target: Path, *, with_output: bool) -> str:
    """Make one with the passphrase on stdin; the sentence that says what it is good for."""
    if target.exists():
        raise StartError(f"{target} is there already. Name a file that does not exist yet.")
    wanted = RecoveryKitCreate(read_secret("passphrase"), with_output)
    service = running_service(config.data)
    if service is not None:
        with signed_in(service) as token:
            body = msgspec.to_builtins(wanted)
            service.fetch(RECOVERY_KIT, body, target.absolute(), token=token, timeout_s=_LONG_S)
    else:
        on_folder(config, lambda opened: _kit_here(opened, wanted, target.absolute()))
    return f"{target} opens with its passphrase alone. Keep both, apart, and not on this machine."


async def _kit_here(opened: Any, wanted: RecoveryKitCreate, target: Path) -> None:
    kit: Path = await opened.feature("backups").api.make_kit(wanted)
    try:
        shutil.move(kit, target)
    finally:
        shutil.rmtree(kit.parent, ignore_errors=True)


def restore(config: Config, source: Path | None, kit: Path | None) -> str:
    """Bring a backup, or a kit that the passphrase on stdin opens, to the data folder."""
    refuse_running(config.data)
    if kit is not None:
        manifest, before = _restore_kit(config, kit)
    else:
        assert source is not None
        manifest, before = restore_backup(config.data, source.absolute(), _now(), key_file=config.key_file)
    on_folder(config, _nothing)
    stays = f" What was there is now {before}." if before is not None else ""
    return (
        f"The backup of {format_time(manifest.created_at)} is in {config.data.root}.{stays} Start the "
        "service. Everybody signs in again, and what was open then is unknown until its devices tell."
    )


def _restore_kit(config: Config, kit: Path) -> tuple[Manifest, Path | None]:
    root, passphrase = config.data.root, read_secret("passphrase")
    root.parent.mkdir(parents=True, exist_ok=True)
    unpacked = root.with_name(f".{root.name}.kit")
    shutil.rmtree(unpacked, ignore_errors=True)
    try:
        keys = open_kit(kit, passphrase, unpacked)
        keep = _keeping(config, keys) if keys else None
        return restore_backup(config.data, unpacked, _now(), key_file=config.key_file, prepare=keep)
    finally:
        shutil.rmtree(unpacked, ignore_errors=True)


def _keeping(config: Config, keys: tuple[bytes, ...]) -> Callable[[DataFolder], None]:
    root, file = config.data.root, config.key_file

    def keep(staged: DataFolder) -> None:
        place = file
        if file is not None and file.is_relative_to(root):
            place = staged.root / file.relative_to(root)
            place.parent.mkdir(parents=True, exist_ok=True)
        import_master_key(place, str(root.resolve()), keys)

    return keep


def verify_audit(config: Config) -> str:
    """Check it beside the running service or without one. Raises StartError where it is broken."""
    service = running_service(config.data)
    if service is not None:
        with signed_in(service) as token:
            answer = service.call("POST", f"{AUDIT_EVENTS}/verify", {}, token=token, timeout_s=_LONG_S)
        verdict = msgspec.convert(answer, AuditVerdict)
    else:
        verdict = on_folder(config, lambda opened: opened.feature("audit").api.sealing.verify())
    if verdict.broken_at is not None:
        raise StartError(f"The audit is broken at event {verdict.broken_at}: {verdict.problem}")
    return f"The audit is whole: {verdict.events:,} events and {verdict.segments:,} sealed segments."


def reset_password(config: Config, username: str) -> str:
    """Give a user the password on stdin and end their sessions; the sentence that says so."""
    password = read_secret("password")
    service = running_service(config.data)
    if service is not None:
        with signed_in(service) as token:
            listed = service.call("GET", USERS, token=token)["items"]
            user_id = _id_of(username, [(one["id"], one["username"]) for one in listed])
            service.call("PUT", f"{USERS}/{user_id}", {"password": password}, token=token)
    else:
        on_folder(config, lambda opened: _reset_here(opened, username, password))
    return f'The user "{username.strip()}" signs in with the new password now. All their sessions have ended.'


async def _reset_here(opened: Any, username: str, password: str) -> None:
    access = opened.feature("access").api
    owner = await access.login.as_owner(command=True)
    editor = await access.authenticator.authenticate(owner.access_token)
    try:
        users = await opened.kernel.database.read(access.accounts.all)
        user_id = _id_of(username, [(one.id, one.username) for one in users])
        await access.accounts.update(user_id, UserUpdate(password=password), editor)
    finally:
        await access.login.end(editor.token_id)


def _id_of(username: str, users: list[tuple[int, str]]) -> int:
    wanted = name_key(username.strip())
    found = next((user_id for user_id, name in users if name_key(name) == wanted), None)
    if found is None:
        names = ", ".join(name for _, name in users[:10])
        raise StartError(f'There is no user "{username.strip()[:100]}". There are: {names}.')
    return found


async def _nothing(_opened: Any) -> None:
    """To open the data folder is what was wanted."""


def _now() -> int:
    return time.time_ns() // 1_000_000
