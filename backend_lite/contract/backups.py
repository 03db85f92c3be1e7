"""Backups of the data folder, when they are made and how many are kept, and recovery kits."""

from __future__ import annotations

from msgspec import Struct

from backend_lite.contract.common import Time

BACKUPS = "/api/v1/backups"
BACKUP_RULES = "/api/v1/backup-rules"
RECOVERY_KIT = "/api/v1/recovery-kit"
MIN_PASSPHRASE = 16
"""Fewest characters of a recovery kit's passphrase: whoever has the file may try as often as they like."""
STALE_DAYS = 2
"""A last good backup that is older is a reason to worry."""
NIGHTLY = "nightly"
"""The reason of backups that the service makes by itself; only these are removed by the rules."""


class Backup(Struct):
    """GET BACKUPS, newest first; POST BACKUPS/{id}/verify; DELETE BACKUPS/{id}. A folder in DIR/backups.
    `schema` is the revision of its database. `problem` says what is wrong with it; without one, everything in
    it was found whole at `verified_at`. `path` is where it lies on the service's machine."""

    id: str
    created_at: Time
    reason: str
    size: int
    schema: str
    version: str
    with_output: bool
    verified_at: Time | None
    problem: str
    path: str


class BackupCreate(Struct):
    """POST BACKUPS; the answer comes when it is made and verified. `folder` is an absolute path on the
    service's machine that does not exist yet, and needs a fresh sign-in; without one it is made in
    DIR/backups."""

    with_output: bool = True
    reason: str = ""
    folder: str | None = None


class BackupRules(Struct):
    """GET and PUT BACKUP_RULES; changing them needs a fresh sign-in, as deleting a backup does. `at` is
    `HH:MM` in the local time of the service's machine. Of the nightly ones the newest good one of each of
    `keep_daily` days and `keep_weekly` weeks is kept, and the last good one always."""

    nightly: bool = True
    at: str = "02:00"
    keep_daily: int = 7
    keep_weekly: int = 4
    with_output: bool = True


class BackupState(Struct):
    """The live object `backup_state` (its id is 1). `doing` is `backup`, `verify`, `kit` or empty, with bytes
    that are `done` of `total` while it checks what it wrote. `problem` says why the last nightly backup
    failed, until one succeeds. `data_folder` is for the command that restores."""

    doing: str
    done: int
    total: int
    last_good_at: Time | None
    problem: str
    next_at: Time | None
    data_folder: str
    id: int = 1


class RecoveryKitCreate(Struct):
    """POST RECOVERY_KIT (needs a fresh sign-in): a backup with the keys and the master key, encrypted with
    `passphrase`, as the answer's body. With it a new management PC takes over the fleet; no endpoint is
    touched."""

    passphrase: str
    with_output: bool = False
