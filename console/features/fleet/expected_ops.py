"""What can be done with expected and retired devices."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from backend_lite.contract.fleet import (
    DEVICES,
    EXPECTED_DEVICES,
    CsvImported,
    CsvText,
    ExpectedDevice,
    ExpectedDeviceCreate,
    ExpectedDeviceUpdate,
    RetiredDevice,
)
from backend_lite.contract.live import EXPECTED_DEVICE
from console.core.client import ApiClient
from console.core.errors import Mendable
from console.core.ops import Op, Progress, each_op
from console.core.texts import plural, tr


def create(client: ApiClient, wanted: ExpectedDeviceCreate) -> Op[ExpectedDevice]:
    async def call(_progress: Progress) -> ExpectedDevice:
        return await client.post(EXPECTED_DEVICES, wanted, ExpectedDevice)

    return Op(tr("Expect the device"), call, (EXPECTED_DEVICE,))


def update(client: ApiClient, expected_id: int, change: ExpectedDeviceUpdate) -> Op[ExpectedDevice]:
    async def call(_progress: Progress) -> ExpectedDevice:
        return await client.put(f"{EXPECTED_DEVICES}/{expected_id}", change, ExpectedDevice)

    return Op(tr("Change the expected device"), call, (EXPECTED_DEVICE,))


def delete(client: ApiClient, expected_ids: Sequence[int]) -> Op[int]:
    """Answers how many are expected no longer."""
    title = plural(len(expected_ids), "Expect the device no longer", "Expect {count} devices no longer")
    return each_op(
        title, expected_ids, lambda one: client.delete(f"{EXPECTED_DEVICES}/{one}"), EXPECTED_DEVICE
    )


def import_table(client: ApiClient, text: str, *, dry_run: bool) -> Op[CsvImported]:
    async def call(_progress: Progress) -> CsvImported:
        return await client.post(f"{EXPECTED_DEVICES}/import", CsvText(text, dry_run), CsvImported)

    return Op(tr("Look at the table") if dry_run else tr("Import the table"), call, (EXPECTED_DEVICE,))


def export_table(client: ApiClient, path: Path, query: str) -> Op[Path]:
    """Writes what the query finds into a file."""

    async def call(_progress: Progress) -> Path:
        table = await client.get_bytes(f"{EXPECTED_DEVICES}/export", {"q": query})
        try:
            await asyncio.to_thread(path.write_bytes, table)
        except OSError as error:
            raise Mendable(
                tr("{path} could not be written: {why}.", path=path, why=error.strerror)
            ) from error
        return path

    return Op(tr("Export the expected devices"), call)


def load_retired(client: ApiClient) -> Op[list[RetiredDevice]]:
    async def call(_progress: Progress) -> list[RetiredDevice]:
        return await client.get(f"{DEVICES}/retired", list[RetiredDevice])

    return Op(tr("Load the removed devices"), call)


def forget(client: ApiClient, device_ids: Sequence[int]) -> Op[int]:
    """Answers how many are forgotten."""
    title = plural(len(device_ids), "Forget the device", "Forget {count} devices")
    return each_op(title, device_ids, lambda one: client.post(f"{DEVICES}/{one}/forget"))
