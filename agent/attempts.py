"""The life of an attempt on this device: offer, permit, runner, outcome, receipt.

Every promise is in the journal before it leaves the device, and every step can be repeated: an offer, an
answer or a receipt may come twice, late, or after a restart of the agent or of the service.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from agent.attempt_folder import AttemptFolder
from agent.handlers import RejectionError, job_for
from agent.job import Job
from agent.journal import Entry, Journal, Phase
from agent.outbox import Outbox
from agent.outcomes import Standing, settle, standing, unexecuted
from agent.runners import Follower
from agent.wire.codec import WireError, parse_attempt_name
from agent.wire.messages import Done, Offer, OpenAttempt, OutputMark, Permit, PermitAnswer
from agent.wire.states import Outcome

log = logging.getLogger(__name__)

FOREIGN_POLL_S = 0.25
SILENCE_S = 2.0
LOOKS_AT_THE_GATE = 15
TROUBLE_PAUSE_S = 30.0
_LONGEST_NAME = 100


class Launcher(Protocol):
    """Starts runners; see `runners.Runners`."""

    def warm_up(self) -> None: ...

    def launch(self, attempt: str, job: Job, said: Callable[[], None]) -> Follower: ...


class Attempts:
    """All open attempts of this device, carried out one at a time in the order of their offers."""

    def __init__(
        self,
        journal: Journal,
        folder: Path,
        launcher: Launcher,
        outbox: Outbox,
    ) -> None:
        self.on_inventory: Callable[[], None] = _nothing
        """Called after a step that takes stock of this device."""
        self._journal = journal
        self._folder = folder
        self._launcher = launcher
        self._outbox = outbox
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._say: Callable[[Permit], None] | None = None
        self._asking: Entry | None = None
        self._answer: asyncio.Future[str] | None = None
        self._forgotten: set[str] = set()

    # ---- what the service says

    def connected(self, say: Callable[[Permit], None]) -> None:
        """A channel is open; a permit that was never answered is asked for again."""
        self._say = say
        self._launcher.warm_up()
        if self._asking is not None:
            say(Permit(self._asking.attempt, self._asking.nonce))

    def disconnected(self) -> None:
        self._say = None

    def open_attempts(self) -> tuple[OpenAttempt, ...]:
        return tuple(
            OpenAttempt(entry.attempt, entry.nonce, entry.phase.value)
            for entry in self._journal.entries.values()
        )

    def on_welcome(self, marks: tuple[OutputMark, ...], forget: tuple[str, ...]) -> None:
        for attempt in forget:
            self.on_receipt(attempt, even_without_outcome=True)
        self._outbox.resume({mark.attempt: (mark.stdout, mark.stderr) for mark in marks})

    def on_offer(self, offer: Offer) -> None:
        if offer.attempt in self._journal.entries:
            return
        if (stone := self._journal.tombstones.get(offer.attempt)) is not None:
            log.warning("the attempt %s is offered again; it has ended long ago", offer.attempt)
            self._outbox.open(offer.attempt, str(self._folder / offer.attempt / "spool"))
            self._outbox.done(offer.attempt, stone.done)
            return
        try:
            _check_name(offer.attempt)
            self._journal.received(offer, os.urandom(16).hex())
        except WireError as error:
            log.warning("an offer is ignored: %s", error)
        except OSError as error:
            log.warning("the offer %s cannot be taken: %s", offer.attempt, error.strerror)
        else:
            self._queue.put_nowait(offer.attempt)

    def on_permit_answer(self, answer: PermitAnswer) -> None:
        asked = self._asking
        if asked is None or self._answer is None or self._answer.done():
            return
        if (answer.attempt, answer.nonce) == (asked.attempt, asked.nonce):
            if answer.detail:
                log.info("permit for %s: %s (%s)", answer.attempt, answer.answer, answer.detail)
            self._answer.set_result(answer.answer)

    def on_cancel(self, attempt: str) -> None:
        entry = self._journal.entries.get(attempt)
        if entry is None or entry.phase is Phase.DONE:
            return
        if entry.phase is Phase.STARTING:
            self._place(entry).ask_to_cancel()
        elif self._withhold(entry, Outcome.NOT_STARTED, "Cancelled before it started."):
            self._stop_asking(entry)

    def on_receipt(self, attempt: str, *, even_without_outcome: bool = False) -> None:
        entry = self._journal.entries.get(attempt)
        if entry is None:
            self._outbox.close(attempt)
            return
        if entry.phase is not Phase.DONE and not even_without_outcome:
            log.warning("a receipt for %s, which has no outcome yet, is ignored", attempt)
        elif entry.phase is Phase.STARTING:
            self._forgotten.add(attempt)
        else:
            self._close(entry)
            self._stop_asking(entry)

    def on_resend(self, attempt: str, stdout: int, stderr: int) -> None:
        self._outbox.resend(attempt, stdout, stderr)

    # ---- what is done about it

    def recover(self) -> None:
        """Decide about what a former life left behind; call it before the first hello."""
        for entry in list(self._journal.entries.values()):
            if entry.phase is Phase.RECEIVED and entry.boot_id != self._journal.incarnation.boot_id:
                # Never started here, and after a restart nothing is resumed: a new offer is a new decision.
                self._close(entry)
                continue
            if entry.phase is Phase.RECEIVED:
                self._queue.put_nowait(entry.attempt)
                continue
            self._outbox.open(entry.attempt, self._place(entry).spool)
            if entry.phase is Phase.STARTING:
                self._queue.put_nowait(entry.attempt)
                done = settle(entry, self._place(entry), self._journal.incarnation.boot_id)
                if done is not None:
                    self._finish(entry, done)
            elif entry.done is not None:
                self._outbox.done(entry.attempt, entry.done)
        self._remove_strangers()

    async def work(self) -> None:
        """Carry out what is in the queue, for ever."""
        while True:
            entry = self._journal.entries.get(await self._queue.get())
            while entry is not None and entry.phase is not Phase.DONE:
                try:
                    await self._carry_on(entry)
                    break
                except OSError as error:
                    log.warning("%s has to wait: %s", entry.attempt, error.strerror)
                    await asyncio.sleep(TROUBLE_PAUSE_S)

    async def _carry_on(self, entry: Entry) -> None:
        if entry.phase is Phase.STARTING:
            await self._see_through(entry)
            return
        offer = entry.offer
        assert offer is not None
        job = _plan(offer, self._made_place(entry).path)
        answer = await self._permit(entry)
        if answer == "no":
            self._close(entry)
        elif answer == "cancelled":
            await self._decline(entry, Outcome.NOT_STARTED, "Cancelled before it started.")
        elif answer == "yes" and isinstance(job, RejectionError):
            await self._decline(entry, Outcome.REJECTED, str(job))
        elif answer == "yes" and isinstance(job, Job):
            await self._execute(entry, job)
            if offer.type == "inventory":
                self.on_inventory()

    async def _permit(self, entry: Entry) -> str:
        """The service's answer, however long it takes; `withdrawn` when the attempt ended meanwhile."""
        self._asking, self._answer = entry, asyncio.get_running_loop().create_future()
        try:
            if self._say is not None:
                self._say(Permit(entry.attempt, entry.nonce))
            return await self._answer
        finally:
            self._asking = self._answer = None

    def _stop_asking(self, entry: Entry) -> None:
        if self._asking is entry and self._answer is not None and not self._answer.done():
            self._answer.set_result("withdrawn")

    async def _execute(self, entry: Entry, job: Job) -> None:
        self._journal.starting(entry)
        self._outbox.open(entry.attempt, self._place(entry).spool)
        over = self._launcher.launch(entry.attempt, job, self._outbox.said).over
        # An untouched gate may only mean that the runner has not come to it yet.
        for _ in range(LOOKS_AT_THE_GATE):
            if await _is_set(over, SILENCE_S) or standing(self._place(entry)) is not Standing.UNTOUCHED:
                break
        await self._see_through(entry, over)

    async def _see_through(self, entry: Entry, over: asyncio.Event | None = None) -> None:
        """Wait for the outcome. `over` wakes it up for a runner that this agent started itself."""
        place = self._place(entry)
        while (done := settle(entry, place, self._journal.incarnation.boot_id)) is None:
            self._outbox.said()
            if over is None or over.is_set():
                await asyncio.sleep(FOREIGN_POLL_S)
            else:
                await _is_set(over, SILENCE_S)
        self._finish(entry, done)

    async def _decline(self, entry: Entry, outcome: Outcome, detail: str) -> None:
        if not self._withhold(entry, outcome, detail):
            # A runner has it, though the journal lost that line: then what happened is what counts.
            self._journal.starting(entry)
            self._outbox.open(entry.attempt, self._place(entry).spool)
            await self._see_through(entry)

    def _withhold(self, entry: Entry, outcome: Outcome, detail: str) -> bool:
        """Take the gate, so that nothing can be executed any more. False when a runner was quicker."""
        place = self._made_place(entry)
        if not place.take_gate("agent") and standing(place) is not Standing.WITHHELD:
            return False
        self._outbox.open(entry.attempt, place.spool)
        self._finish(entry, unexecuted(entry, outcome, detail))
        return True

    def _finish(self, entry: Entry, done: Done) -> None:
        try:
            self._journal.done(entry, done)
        except OSError as error:
            log.warning("the outcome of %s is not in the journal yet: %s", entry.attempt, error.strerror)
        log.info("%s: %s %s", entry.attempt, done.outcome, done.detail or f"exit code {done.exit_code}")
        self._outbox.done(entry.attempt, done)
        if entry.attempt in self._forgotten:
            self._close(entry)

    def _close(self, entry: Entry) -> None:
        try:
            self._journal.closed(entry)
        except OSError as error:
            log.warning("%s cannot be closed yet: %s", entry.attempt, error.strerror)
            return
        self._forgotten.discard(entry.attempt)
        self._outbox.close(entry.attempt)
        shutil.rmtree(self._folder / entry.attempt, ignore_errors=True)

    def _remove_strangers(self) -> None:
        """Folders of attempts that were closed while something kept the folder from going."""
        for path in self._folder.iterdir():
            if path.name not in self._journal.entries:
                shutil.rmtree(path, ignore_errors=True)

    def _place(self, entry: Entry) -> AttemptFolder:
        return AttemptFolder(str(self._folder / entry.attempt))

    def _made_place(self, entry: Entry) -> AttemptFolder:
        (self._folder / entry.attempt).mkdir(mode=0o700, exist_ok=True)
        return self._place(entry)


async def _is_set(event: asyncio.Event, seconds: float) -> bool:
    """True once the event is set, False when that takes longer."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False


def _nothing() -> None:
    """Until somebody wants to know."""


def _plan(offer: Offer, folder: str) -> Job | RejectionError:
    try:
        return job_for(offer, folder)
    except RejectionError as rejection:
        return rejection


def _check_name(attempt: str) -> None:
    """An attempt's name becomes a folder's. Raises WireError for one that is not ours."""
    parse_attempt_name(attempt)
    if len(attempt) > _LONGEST_NAME or not attempt.isascii():
        raise WireError("the name of an attempt is too long or not ASCII")
