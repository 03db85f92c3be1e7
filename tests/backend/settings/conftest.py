"""The service with a master key in a file, started as far as settings go."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from backend_lite.core.feature import Kernel
from backend_lite.core.security.master_key import open_master_key
from tests.helpers import service as helper
from tests.helpers.service import InProcess, in_process


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "master.key"


@pytest.fixture
def with_key(key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Services of this test have the key."""

    def opened(**parts: object) -> Kernel:
        key = open_master_key(key_file, "of this test")
        kernel = Kernel(**parts)  # type: ignore[arg-type]
        return replace(kernel, master_key=key, config=replace(kernel.config, key_file=key_file))

    monkeypatch.setattr(helper, "Kernel", opened)


@pytest.fixture
async def keyed(with_key: None, tmp_path: Path, migrated: Path) -> AsyncIterator[InProcess]:
    async with in_process(tmp_path / "keyed", migrated) as running:
        await start(running)
        yield running


async def start(service: InProcess) -> None:
    begin = service.feature("settings").start
    assert begin is not None
    await begin()
