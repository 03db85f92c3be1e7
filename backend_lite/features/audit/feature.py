"""The manifest of the audit."""

from __future__ import annotations

import asyncio

from backend_lite.core.feature import Feature, Kernel
from backend_lite.features.audit.api import AuditApi
from backend_lite.features.audit.denials import Denials
from backend_lite.features.audit.routes import audit_routes
from backend_lite.features.audit.sealing import Sealing

RETENTION = "security.audit_retention_days"


def build(kernel: Kernel) -> Feature:
    database, audit = kernel.database, kernel.audit
    folder = kernel.config.data.audit
    sealing = Sealing(database, folder, kernel.clock, audit, lambda: kernel.settings.whole(RETENTION))
    denials = Denials(database, kernel.clock, audit)
    running: list[asyncio.Task[None]] = []

    async def start() -> None:
        running.append(asyncio.create_task(sealing.run(), name="audit sealing"))

    async def stop() -> None:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        running.clear()

    return Feature(
        name="audit",
        routes=lambda: audit_routes(database, audit, sealing),
        start=start,
        stop=stop,
        api=AuditApi(sealing, denials),
    )
