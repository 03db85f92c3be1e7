"""What the page of the audit asks of the service."""

from __future__ import annotations

from pathlib import Path

from backend_lite.contract.audit import AUDIT_EVENTS, AUDIT_EXPORT, AuditChange, AuditList, AuditVerdict
from console.core.client import ApiClient
from console.core.ops import Op, Progress
from console.core.texts import tr

PAGE = 200
_LONG_S = 3600.0

Filters = dict[str, str]
"""Parameters of the list, by their names in the contract."""


def load(client: ApiClient, filters: Filters, page: int) -> Op[AuditList]:
    async def call(_progress: Progress) -> AuditList:
        params = filters | {"page": str(page), "page_size": str(PAGE)}
        return await client.get(AUDIT_EVENTS, AuditList, params)

    return Op(tr("Read the audit"), call)


def load_event(client: ApiClient, event_id: int) -> Op[AuditChange]:
    async def call(_progress: Progress) -> AuditChange:
        return await client.get(f"{AUDIT_EVENTS}/{event_id}", AuditChange)

    return Op(tr("Read the event"), call)


def check(client: ApiClient) -> Op[AuditVerdict]:
    async def call(_progress: Progress) -> AuditVerdict:
        return await client.post(f"{AUDIT_EVENTS}/verify", None, AuditVerdict)

    return Op(tr("Check the audit"), call)


def export(client: ApiClient, filters: Filters, to: Path) -> Op[Path]:
    """A table, or lines of JSON where the file is called so."""

    async def call(_progress: Progress) -> Path:
        form = "jsonl" if to.suffix == ".jsonl" else "csv"
        part = to.with_name(f".{to.name}.part")
        try:
            with part.open("wb") as file:
                params = filters | {"format": form}
                async with client.stream(AUDIT_EXPORT, params, timeout_s=_LONG_S) as pieces:
                    async for piece in pieces:
                        file.write(piece)
            part.replace(to)
        finally:
            part.unlink(missing_ok=True)
        return to

    return Op(tr("Export the audit"), call)
