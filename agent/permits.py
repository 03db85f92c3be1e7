"""Asking the service whether an attempt may start, however often the channel breaks meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from agent.journal import Entry
from agent.wire.messages import Permit, PermitAnswer

log = logging.getLogger(__name__)

WITHDRAWN = "withdrawn"


class Permits:
    """One question at a time. It is asked again, with the same nonce, on every new channel."""

    def __init__(self) -> None:
        self._say: Callable[[Permit], None] | None = None
        self._asking: Entry | None = None
        self._answer: asyncio.Future[str] | None = None

    def connected(self, say: Callable[[Permit], None]) -> None:
        self._say = say
        self._ask_again()

    def disconnected(self) -> None:
        self._say = None

    def ask(self, entry: Entry) -> asyncio.Future[str]:
        """The service's answer, or WITHDRAWN; it may take as long as the service is away."""
        self._asking, self._answer = entry, asyncio.get_running_loop().create_future()
        self._ask_again()
        return self._answer

    def answered(self, answer: PermitAnswer) -> None:
        """Any answer but the one to the present question is too late and changes nothing."""
        asked = self._asking
        if asked is not None and (answer.attempt, answer.nonce) == (asked.attempt, asked.nonce):
            if answer.detail:
                log.info("permit for %s: %s (%s)", answer.attempt, answer.answer, answer.detail)
            self._resolve(answer.answer)

    def withdraw(self, entry: Entry) -> None:
        """The attempt ended before the service answered."""
        if self._asking is entry:
            self._resolve(WITHDRAWN)

    def _ask_again(self) -> None:
        if self._say is not None and self._asking is not None:
            self._say(Permit(self._asking.attempt, self._asking.nonce))

    def _resolve(self, answer: str) -> None:
        assert self._answer is not None
        self._answer.set_result(answer)
        self._asking = self._answer = None
