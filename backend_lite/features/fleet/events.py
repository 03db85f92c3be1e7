"""What the fleet tells: its transactions the hub, the hub whoever listens."""

from __future__ import annotations

from dataclasses import dataclass

from backend_lite.contract.fleet import Admission
from backend_lite.core.events.bus import Event


@dataclass(frozen=True, slots=True)
class AdmissionSet(Event):
    """The admission of a device as of this commit, changed or not. `reconnect`: its agents have to say
    hello again. `leaves`: it is retired, but its agent shall stay until it has its last step."""

    device_id: int
    admission: Admission
    reconnect: bool = False
    leaves: bool = False


@dataclass(frozen=True, slots=True)
class LastStepMade(Event):
    """There is a step now with which the agent of a retired device removes itself."""

    device_id: int


@dataclass(frozen=True, slots=True)
class DeviceLost(Event):
    """The last channel of a device is gone."""

    device_id: int
