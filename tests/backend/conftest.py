"""The service in this process, for the tests of its areas."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from backend_lite.core.db.migrate import migrate
from backend_lite.core.security import passwords
from tests.helpers.service import InProcess, in_process


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """What makes a hash strong is its cost, and tests hash all the time."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database of the current schema, to copy."""
    path = tmp_path_factory.mktemp("migrated") / "empty.db"
    migrate(path)
    return path


@pytest.fixture
async def service(tmp_path: Path, migrated: Path) -> AsyncIterator[InProcess]:
    async with in_process(tmp_path / "data", migrated) as running:
        yield running
