"""Who in higher areas hears what agents say on their channels."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from agent.wire.messages import AgentMessage, Hello, OutputFrame, OutputMark


@dataclass(frozen=True, slots=True)
class HelloAnswer:
    """What the welcome says about the hello's open attempts (see `agent.wire.messages.Welcome`)."""

    marks: tuple[OutputMark, ...] = ()
    forget: tuple[str, ...] = ()


HelloHandler = Callable[[int, Hello, bool], Awaitable[HelloAnswer]]
ReadyHandler = Callable[[int], Awaitable[None]]
MessageHandler = Callable[[int, Any], Awaitable[None]]
OutputHandler = Callable[[int, OutputFrame], Awaitable[None]]
LastStep = Callable[[Session, int], bool]
"""Whether a retired device has the step left with which its agent removes itself."""


class Listeners:
    """One handler for the hello, for each kind of message and for output; any number for "ready"."""

    def __init__(self) -> None:
        self._hello: HelloHandler | None = None
        self._output: OutputHandler | None = None
        self._ready: list[ReadyHandler] = []
        self._messages: dict[type[AgentMessage], MessageHandler] = {}
        self._last_step: LastStep | None = None

    def on_hello(self, handler: HelloHandler) -> None:
        self._hello = handler

    def on_ready(self, handler: ReadyHandler) -> None:
        self._ready.append(handler)

    def on_message(self, kind: type[AgentMessage], handler: MessageHandler) -> None:
        self._messages[kind] = handler

    def on_output(self, handler: OutputHandler) -> None:
        self._output = handler

    def on_last_step(self, last_step: LastStep) -> None:
        self._last_step = last_step

    def last_step(self, session: Session, device_id: int) -> bool:
        return self._last_step is not None and self._last_step(session, device_id)

    async def hello(self, device_id: int, hello: Hello, new_incarnation: bool) -> HelloAnswer:
        if self._hello is None:
            return HelloAnswer()
        return await self._hello(device_id, hello, new_incarnation)

    async def ready(self, device_id: int) -> None:
        for handler in self._ready:
            await handler(device_id)

    async def message(self, device_id: int, message: AgentMessage) -> None:
        handler = self._messages.get(type(message))
        if handler is not None:
            await handler(device_id, message)

    async def output(self, device_id: int, frame: OutputFrame) -> None:
        if self._output is not None:
            await self._output(device_id, frame)
