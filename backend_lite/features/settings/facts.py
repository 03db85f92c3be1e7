"""What of the settings every signed-in person may know, told to consoles as it changes."""

from __future__ import annotations

from backend_lite.contract.live import SERVICE
from backend_lite.contract.settings import ServiceFacts
from backend_lite.core.events.bus import Changed
from backend_lite.core.feature import Kernel
from backend_lite.core.live import LiveKind

_NAME, _LOCK, _HERE = "general.service_name", "security.lock_minutes", "security.local_sign_in"


def live_facts(kernel: Kernel) -> LiveKind:
    values = kernel.settings

    def facts() -> ServiceFacts:
        return ServiceFacts(values.text(_NAME), values.whole(_LOCK), values.flag(_HERE))

    async def snapshot() -> list[ServiceFacts]:
        return [facts()]

    values.on_change(_NAME, _LOCK, _HERE, call=lambda: kernel.bus.publish([Changed(SERVICE, 1, facts())]))
    return LiveKind(None, snapshot)
