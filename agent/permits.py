"""Asking the service whether attempts may start, and saying what keeps one from asking, however often the
channel breaks meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from agent.journal import Entry
from agent.wire.messages import Holding, Permit, PermitAnswer

log = logging.getLogger(__name__)

WITHDRAWN = "withdrawn"
_KNOWS_HOLDING = 2

Say = Callable[[Permit | Holding], None]


class Permits:
    """One question per attempt. It is asked again, with the same nonce, on every new channel."""

    def __init__(self) -> None:
        self._say: Say | None = None
        self._wire_version = 0
        self._asked: dict[str, tuple[Entry, asyncio.Future[str]]] = {}
        self._held: dict[str, Holding] = {}

    def connected(self, say: Say, wire_version: int) -> None:
        self._say, self._wire_version = say, wire_version
        for holding in self._held.values():
            self._tell(holding)
        for entry, _ in self._asked.values():
            say(Permit(entry.attempt, entry.nonce))

    def disconnected(self) -> None:
        self._say = None

    def ask(self, entry: Entry) -> asyncio.Future[str]:
        """The service's answer, or WITHDRAWN; it may take as long as the service is away."""
        answer = asyncio.get_running_loop().create_future()
        self._asked[entry.attempt] = entry, answer
        if self._say is not None:
            self._say(Permit(entry.attempt, entry.nonce))
        return answer

    def answered(self, answer: PermitAnswer) -> None:
        """Any answer but the one to a present question is too late and changes nothing."""
        entry, _ = self._asked.get(answer.attempt, (None, None))
        if entry is not None and entry.nonce == answer.nonce:
            if answer.detail:
                log.info("permit for %s: %s (%s)", answer.attempt, answer.answer, answer.detail)
            self._resolve(answer.attempt, answer.answer)

    def withdraw(self, attempt: str) -> None:
        """The attempt ended before the service answered."""
        self._held.pop(attempt, None)
        if attempt in self._asked:
            self._resolve(attempt, WITHDRAWN)

    def hold(self, attempt: str, reason: str, detail: str) -> None:
        """Say what keeps this attempt from asking; once, and again on every new channel."""
        holding = Holding(attempt, reason, detail)
        if self._held.get(attempt) != holding:
            log.info("%s waits: %s", attempt, detail)
            self._held[attempt] = holding
            self._tell(holding)

    def release(self, attempt: str) -> None:
        """Nothing keeps it any more."""
        if self._held.pop(attempt, None) is not None:
            self._tell(Holding(attempt, ""))

    def _tell(self, holding: Holding) -> None:
        if self._say is not None and self._wire_version >= _KNOWS_HOLDING:
            self._say(holding)

    def _resolve(self, attempt: str, answer: str) -> None:
        _, future = self._asked.pop(attempt)
        # Whoever asked may have been cancelled meanwhile.
        if not future.done():
            future.set_result(answer)
