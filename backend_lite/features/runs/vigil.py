"""This computer stays awake while work is under way on a device that is there."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from agent.wire.states import RunState, StepState
from backend_lite.core.clock import Clock
from backend_lite.core.db.database import Database
from backend_lite.core.keep_awake import KeepAwake
from backend_lite.features.fleet.api import Hub
from backend_lite.features.runs.tables import RunRow, StepRow

LINGER_S = 30.0
"""Between two short runs nothing is let go of and taken up again."""


class Vigil:
    """`look` is called once a second, in the thread that also calls `end`."""

    def __init__(self, database: Database, clock: Clock, hub: Hub, awake: KeepAwake) -> None:
        self._database = database
        self._clock = clock
        self._hub = hub
        self._awake = awake
        self._until = clock.monotonic()

    async def look(self) -> None:
        if await self._database.read(self._is_under_way):
            self._until = self._clock.monotonic() + LINGER_S
        self._awake.keep(self._clock.monotonic() < self._until)

    def end(self) -> None:
        self._awake.keep(False)

    def _is_under_way(self, session: Session) -> bool:
        """Work on a device that has gone away may end in a week, or never: nothing is to be done for it."""
        return any(self._hub.connected(device_id) for device_id in session.scalars(_UNDER_WAY))


_UNDER_WAY = (
    select(StepRow.device_id)
    .join(RunRow, RunRow.id == StepRow.run_id)
    .where(
        RunRow.state.in_((RunState.RUNNING, RunState.CANCELLING)),
        StepRow.state.in_((StepState.RUNNING, StepState.CANCELLING)),
    )
)
