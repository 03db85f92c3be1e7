"""The manifest of backups."""

from __future__ import annotations

import asyncio

import msgspec

from backend_lite.contract.live import BACKUP_STATE
from backend_lite.core.feature import Feature, Kernel
from backend_lite.core.live import LiveKind
from backend_lite.features.backups.backups import Backups
from backend_lite.features.backups.nightly import Nightly
from backend_lite.features.backups.routes import VIEW, backup_routes


def build(kernel: Kernel) -> Feature:
    backups = Backups(kernel)
    nightly = Nightly(kernel.database, kernel.clock, backups)
    running: list[asyncio.Task[None]] = []

    async def start() -> None:
        await backups.start()
        running.append(asyncio.create_task(nightly.run(), name="nightly backup"))

    async def stop() -> None:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def live_state() -> list[msgspec.Struct]:
        return [await backups.state()]

    return Feature(
        name="backups",
        routes=lambda: backup_routes(kernel.database, backups, kernel.audit),
        live={BACKUP_STATE: LiveKind(VIEW, live_state)},
        start=start,
        stop=stop,
        api=backups,
    )
