"""The master key's state, and putting another in its place.

A rotation has three steps, and the service may be killed between any two of them: a new key encrypts and the
old one still opens; everything is encrypted anew in one write; the old key is forgotten. Where the second or
third is missing, the next start makes up for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog
from sqlalchemy.orm import Session

from backend_lite.contract.audit import ActionType
from backend_lite.contract.common import format_time
from backend_lite.contract.settings import MasterKeyState
from backend_lite.core.audit.record import Entity
from backend_lite.core.caller import SERVICE
from backend_lite.core.db.meta import get_meta, set_meta
from backend_lite.core.db.unit import Unit
from backend_lite.core.feature import Kernel
from backend_lite.core.security.master_key import KeySource
from backend_lite.errors import ConflictError

log = structlog.get_logger(__name__)

_ROTATED_AT = "master_key_rotated_at"
_PLACE = "Look whether the key file or the keyring can be written, then rotate again."
_NOT_BEGUN = f"The new master key could not be kept, so the old one goes on. {_PLACE}"
_NOT_ENDED = f"Every secret has the new master key, but the old one could not be removed yet. {_PLACE}"


class MasterKeys:
    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._turning = asyncio.Lock()

    def state(self, session: Session) -> MasterKeyState:
        kernel, rotated = self._kernel, get_meta(session, _ROTATED_AT)
        key = kernel.master_key
        return MasterKeyState(
            source=key.source,
            problem=key.problem,
            place=str(kernel.config.key_file) if key.source is KeySource.KEY_FILE else "",
            secrets=kernel.sealed_holders.count(session),
            rotated_at=format_time(int(rotated)) if rotated else None,
        )

    async def rotate(self) -> MasterKeyState:
        """Encrypt every secret anew with a new key, and forget the old one. Raises ConflictError where
        there is no key, and where the place of the key cannot be written."""
        async with self._turning:
            key = self._kernel.master_key
            if not key.needs_end:
                await _kept(key.begin_rotation, _NOT_BEGUN)
            await self._go_on()
        return await self._kernel.database.read(self.state)

    async def make_up(self) -> None:
        """Finish what a kill interrupted."""
        if not self._kernel.master_key.needs_end:
            return
        async with self._turning:
            log.info("a rotation of the master key was interrupted and is finished now")
            await self._go_on()

    async def _go_on(self) -> None:
        await self._kernel.database.write(self._reseal)
        await _kept(self._kernel.master_key.end_rotation, _NOT_ENDED)

    def _reseal(self, unit: Unit) -> None:
        kernel = self._kernel
        lost = kernel.sealed_holders.reseal_all(unit, kernel.master_key)
        set_meta(unit.session, _ROTATED_AT, str(kernel.clock.now_ms()))
        who = "The service" if unit.caller == SERVICE else unit.caller.name
        said = f"{who} encrypted every secret anew with a new master key."
        kernel.audit.record(
            unit,
            "master_key.rotate",
            ActionType.UPDATE,
            Entity("master_key", 1),
            said,
            details={"not_opened": lost},
        )


async def _kept(step: Callable[[], None], otherwise: str) -> None:
    """Files and keyrings may be slow."""
    from keyring.errors import KeyringError

    try:
        await asyncio.to_thread(step)
    except (OSError, KeyringError) as error:
        raise ConflictError(f"{otherwise} ({type(error).__name__})", code="key_not_kept") from error
