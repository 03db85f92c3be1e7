"""The service in this process, furnished."""

import pytest

from tests.backend.conftest import anyio_backend, migrated, quick_passwords, service
from tests.helpers.service import InProcess
from tests.security.site import Site, furnished

__all__ = ["anyio_backend", "migrated", "quick_passwords", "service"]


@pytest.fixture
async def site(service: InProcess) -> Site:
    return await furnished(service)
