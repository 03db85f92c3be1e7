"""One unit of work at one time, with what it looks up only once and what it has to look at before it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from backend_lite.core.db.unit import Unit

if TYPE_CHECKING:
    from backend_lite.features.fleet.api import RunTarget
    from backend_lite.features.runs.parts import RunParts
    from backend_lite.features.runs.pause_gate import ActivePause
    from backend_lite.features.runs.tasks import TaskWork


class Moment:
    """`now` is the wall clock (ms). `devices` may be able to take work, `rollouts` to go on. `fresh` are runs
    that were just written, by id: they need not be loaded until their rollout is. `members` are the devices
    of groups, `targets` devices that something was asked of."""

    def __init__(self, unit: Unit, now: int) -> None:
        self.unit = unit
        self.now = now
        self.devices: dict[int, None] = {}
        self.rollouts: dict[int, None] = {}
        self.pauses: list[ActivePause] | None = None
        self.members: dict[int, frozenset[int]] = {}
        self.targets: dict[int, RunTarget] = {}
        self.tasks: dict[int, list[TaskWork]] = {}
        self.fresh: dict[int, RunParts] = {}

    @property
    def connection(self) -> Connection:
        return self.unit.connection

    @property
    def session(self) -> Session:
        return self.unit.session

    def device_is_free(self, device_id: int) -> None:
        self.devices[device_id] = None

    def look_at(self, rollout_id: int) -> None:
        self.rollouts[rollout_id] = None
