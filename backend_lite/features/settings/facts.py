"""What of the settings every signed-in person may know, told to consoles as it changes."""

from __future__ import annotations

from backend_lite.contract.live import SERVICE
from backend_lite.contract.settings import ServiceFacts
from backend_lite.core.events.bus import Changed
from backend_lite.core.feature import Kernel
from backend_lite.core.live import LiveKind

_NAME, _LOCK = "general.service_name", "security.lock_minutes"
_HERE, _FACTOR = "security.local_sign_in", "security.second_factor"


def live_facts(kernel: Kernel) -> LiveKind:
    values = kernel.settings

    def facts() -> ServiceFacts:
        here = values.flag(_HERE) and (not values.flag(_FACTOR) or bool(kernel.master_key.problem))
        return ServiceFacts(values.text(_NAME), values.whole(_LOCK), here)

    def tell() -> None:
        kernel.bus.publish([Changed(SERVICE, 1, facts())])

    async def snapshot() -> list[ServiceFacts]:
        return [facts()]

    values.on_change(_NAME, _LOCK, _HERE, _FACTOR, call=tell)
    return LiveKind(None, snapshot)
