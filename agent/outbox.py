"""What the service has not acknowledged yet: output as it comes, then the outcome, until its receipt.

The files and the journal are the outbox; this module knows what of them went out on the present connection.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from agent.output import FRAME_SIZE, OutputSource
from agent.wire.messages import Done, OutputFrame

log = logging.getLogger(__name__)

BATCH_S = 0.02
UNREADABLE_PAUSE_S = 5.0
LIVE_BYTES_S = 4 << 20
"""Faster than anybody reads: a script that prints more has the processor to itself, and what it printed
follows when it has ended."""
_TURN_BYTES = 4 * FRAME_SIZE


class Sender(Protocol):
    """The part of a channel that the outbox needs. Both raise ConnectionError when the channel is gone."""

    async def send(self, message: Done) -> None: ...

    async def send_output(self, frame: OutputFrame) -> None: ...


class _Parcel:
    """One attempt on its way."""

    def __init__(self, source: OutputSource) -> None:
        self.source = source
        self.done: Done | None = None
        self.done_is_sent = False
        self.not_before = 0.0


class Outbox:
    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._parcels: dict[str, _Parcel] = {}
        self._news = asyncio.Event()

    def open(self, attempt: str, spool: str) -> None:
        """From now on send the output that appears in this spool."""
        self._parcels.setdefault(attempt, _Parcel(OutputSource(attempt, spool)))

    def said(self) -> None:
        """There may be new output."""
        self._news.set()

    def done(self, attempt: str, done: Done) -> None:
        """Send this once all output is out; on every connection again until `close`."""
        parcel = self._parcels[attempt]
        parcel.done, parcel.not_before = done, 0.0
        self._news.set()

    def close(self, attempt: str) -> None:
        parcel = self._parcels.pop(attempt, None)
        if parcel is not None:
            parcel.source.close()

    def resume(self, marks: dict[str, tuple[int, int]]) -> None:
        """A new connection: everything that is not behind these marks (stdout, stderr) goes out again."""
        for attempt, parcel in self._parcels.items():
            self._rewind(parcel, *marks.get(attempt, (0, 0)))

    def resend(self, attempt: str, stdout: int, stderr: int) -> None:
        parcel = self._parcels.get(attempt)
        if parcel is not None:
            self._rewind(parcel, stdout, stderr)

    def _rewind(self, parcel: _Parcel, stdout: int, stderr: int) -> None:
        parcel.source.rewind(stdout, stderr)
        parcel.done_is_sent = False
        parcel.not_before = 0.0
        self._news.set()

    async def send_all(self, sender: Sender) -> None:
        """Send for the life of one connection. Raises ConnectionError when that is over."""
        while True:
            await self._news.wait()
            self._news.clear()
            for attempt in list(self._parcels):
                if (parcel := self._parcels.get(attempt)) is not None:
                    await self._send(parcel, sender)

    async def _send(self, parcel: _Parcel, sender: Sender) -> None:
        now = self._clock()
        if now < parcel.not_before:
            asyncio.get_running_loop().call_later(parcel.not_before - now, self._news.set)
            return
        try:
            frames = parcel.source.frames(_TURN_BYTES, ended=parcel.done is not None)
        except OSError as error:
            # It keeps nobody else's output from going out.
            log.warning("the output of %s cannot be read now: %s", parcel.source.attempt, error.strerror)
            parcel.source.close()
            parcel.not_before = now + UNREADABLE_PAUSE_S
            self._news.set()
            return
        for frame in frames:
            await sender.send_output(frame)
        if frames:
            if parcel.done is None:
                # Many small pieces soon after one another travel together; the first one goes at once.
                sent = sum(len(frame.data) for frame in frames)
                parcel.not_before = self._clock() + max(BATCH_S, sent / LIVE_BYTES_S)
            self._news.set()
        elif parcel.done is not None and not parcel.done_is_sent:
            parcel.done_is_sent = True
            await sender.send(parcel.done)
