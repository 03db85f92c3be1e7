"""The documented interfaces are tried on the whole service, as a client written for them sees it."""

from tests.backend.conftest import anyio_backend, migrated, quick_passwords, service
from tests.backend.fleet.conftest import fleet_service

__all__ = ["anyio_backend", "fleet_service", "migrated", "quick_passwords", "service"]
