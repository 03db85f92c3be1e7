"""What the fleet tells: its transactions the hub, the hub whoever listens."""

from __future__ import annotations

from dataclasses import dataclass

from backend_lite.contract.fleet import Admission
from backend_lite.core.events.bus import Event


@dataclass(frozen=True, slots=True)
class AdmissionSet(Event):
    """The admission of a device as of this commit, changed or not. `reconnect`: its agents have to say
    hello again."""

    device_id: int
    admission: Admission
    reconnect: bool = False


@dataclass(frozen=True, slots=True)
class DeviceLost(Event):
    """The last channel of a device is gone."""

    device_id: int
