"""What the live stream tells of the service's settings."""

from __future__ import annotations

import msgspec

from backend_lite.contract.live import SERVICE
from backend_lite.contract.settings import ServiceFacts
from console.core.live import LiveStore

PRODUCT = "DeployFlow"
_UNKNOWN = ServiceFacts(PRODUCT, 0, local_sign_in=True)


def service_facts(live: LiveStore) -> ServiceFacts:
    """As long as nothing is told: a service without a name of its own, that asks for nothing."""
    told = live.get(SERVICE, _UNKNOWN.id)
    return msgspec.convert(told, ServiceFacts) if told is not None else _UNKNOWN
