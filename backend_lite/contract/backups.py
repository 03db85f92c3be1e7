"""Backups of the data folder, restores, and recovery kits."""

from __future__ import annotations

from msgspec import Struct

from backend_lite.contract.common import Time

BACKUPS = "/api/v1/backups"
RECOVERY_KIT = "/api/v1/recovery-kit"


class Backup(Struct):
    """A folder or archive that `verify` found whole. `schema` is the revision of its database."""

    id: str
    created_at: Time
    reason: str
    size: int
    schema: str
    version: str
    with_output: bool
    verified_at: Time | None
    problem: str


class BackupCreate(Struct):
    """POST BACKUPS; the answer comes when it is made and verified."""

    with_output: bool = True
    reason: str = ""


class RecoveryKitCreate(Struct):
    """POST RECOVERY_KIT (needs a fresh sign-in): a backup with the keys, encrypted with `passphrase`, as the
    answer's body. With it a new management PC takes over the fleet; no endpoint is touched."""

    passphrase: str
    with_output: bool = False
