"""The agent of this PC, run beside the window with a data folder of its own."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from console.core.child import Child, program

LONGEST_DELAY_S = 60.0
STEADY_S = 60.0
FAILED_WITH_A_SENTENCE = 1


@dataclass(frozen=True)
class Invitation:
    """Where to enrol, and the token that allows it once."""

    url: str
    pin: str
    token: str = field(repr=False)


class AgentState(StrEnum):
    ABSENT = "absent"
    RUNNING = "running"
    RESTARTING = "restarting"
    REFUSED = "refused"


Listener = Callable[[AgentState], None]


def restart_delay(deaths: int) -> float:
    return random.uniform(0.5, 1.0) * min(LONGEST_DELAY_S, 1.0 * 2.0 ** (deaths - 1))  # noqa: S311


class LocalAgent:
    """ABSENT: not enrolled. REFUSED: it could not enrol, `sentence` says why. Else it is kept running."""

    def __init__(self, data_dir: Path, delay: Callable[[int], float] = restart_delay) -> None:
        self.data_dir = data_dir
        self.state = AgentState.ABSENT
        self.sentence = ""
        self._delay = delay
        self._listeners: list[Listener] = []
        self._child: Child | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def is_enrolled(self) -> bool:
        return (self.data_dir / "enrollment.json").is_file()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """`listener` gets the state now and at every change; the answer ends that."""
        self._listeners.append(listener)
        listener(self.state)
        return lambda: self._listeners.remove(listener)

    def start(self, invitation: Invitation | None = None) -> None:
        """Starts the agent, which enrols first when it is handed an invitation."""
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(
                self._keep(invitation), name="agent of this PC"
            )

    async def stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if self._child is not None:
            await self._child.stop()
            self._child = None

    async def _keep(self, invitation: Invitation | None) -> None:
        deaths = 0
        while True:
            started = asyncio.get_running_loop().time()
            self._child = self._launch(invitation)
            self._tell(AgentState.RUNNING)
            code = await self._child.wait()
            self.sentence = self._child.sentence() if code == FAILED_WITH_A_SENTENCE else ""
            self._child = None
            if not self.is_enrolled:
                self._tell(AgentState.REFUSED)
                return
            if code == 0:
                self._tell(AgentState.ABSENT)
                return
            invitation = None
            steady = asyncio.get_running_loop().time() - started >= STEADY_S
            deaths = 1 if steady else deaths + 1
            self._tell(AgentState.RESTARTING)
            await asyncio.sleep(self._delay(deaths))

    def _launch(self, invitation: Invitation | None) -> Child:
        command = [*program("agent", "deployflow-agent"), "run", "--data-dir", str(self.data_dir)]
        if invitation is None:
            return Child(command)
        where = ["--server", invitation.url, "--pin", invitation.pin, "--token-file", "-"]
        return Child([*command, *where], stdin=invitation.token.encode())

    def _tell(self, state: AgentState) -> None:
        self.state = state
        for listener in tuple(self._listeners):
            listener(state)
