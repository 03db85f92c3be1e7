"""The life of an attempt on this device: offer, permit, runner, outcome, receipt.

Every promise is in the journal before it leaves the device, and every step can be repeated: an offer, an
answer or a receipt may come twice, late, or after a restart of the agent or of the service.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from typing import Protocol

from agent.books import Books
from agent.handlers import RejectionError, job_for
from agent.job import Job
from agent.journal import Entry, Phase
from agent.outcomes import Standing, standing
from agent.permits import Permits
from agent.runners import Runner
from agent.wire.codec import WireError, parse_attempt_name
from agent.wire.messages import Offer, OpenAttempt, OutputMark, Permit, PermitAnswer
from agent.wire.states import Outcome

log = logging.getLogger(__name__)

FOREIGN_POLL_S = 0.25
SILENCE_S = 2.0
LOOKS_AT_THE_GATE = 15
TROUBLE_PAUSE_S = 30.0
_LONGEST_NAME = 100
_CANCELLED = "Cancelled before it started."


class Launcher(Protocol):
    """Prepares runners; see `runners.Runners`."""

    def warm_up(self) -> None: ...

    def prepare(self, attempt: str, job: Job, said: Callable[[], None]) -> Runner: ...


class Attempts:
    """All open attempts of this device, carried out one at a time in the order of their offers."""

    def __init__(self, books: Books, launcher: Launcher) -> None:
        self.on_inventory: Callable[[], None] = _nothing
        """Called after a step that takes stock of this device."""
        self._books = books
        self._open = books.journal.entries
        self._launcher = launcher
        self._permits = Permits()
        self._queue: asyncio.Queue[str] = asyncio.Queue()

    # ---- what the service says

    def connected(self, say: Callable[[Permit], None]) -> None:
        self._launcher.warm_up()
        self._permits.connected(say)

    def disconnected(self) -> None:
        self._permits.disconnected()

    def open_attempts(self) -> tuple[OpenAttempt, ...]:
        return tuple(
            OpenAttempt(entry.attempt, entry.nonce, entry.phase.value) for entry in self._open.values()
        )

    def on_welcome(self, marks: tuple[OutputMark, ...], forget: tuple[str, ...]) -> None:
        for attempt in forget:
            if (entry := self._open.get(attempt)) is not None:
                self._books.forget(entry)
                self._permits.withdraw(entry)
        self._books.outbox.resume({mark.attempt: (mark.stdout, mark.stderr) for mark in marks})

    def on_offer(self, offer: Offer) -> None:
        if offer.attempt in self._open:
            return
        if (stone := self._books.journal.tombstones.get(offer.attempt)) is not None:
            log.warning("the attempt %s is offered again; it has ended long ago", offer.attempt)
            self._books.tell(offer.attempt, stone.done)
            return
        try:
            _check_name(offer.attempt)
            self._books.journal.received(offer, os.urandom(16).hex())
        except WireError as error:
            log.warning("an offer is ignored: %s", error)
        except OSError as error:
            log.warning("the offer %s cannot be taken: %s", offer.attempt, error.strerror)
        else:
            self._queue.put_nowait(offer.attempt)

    def on_permit_answer(self, answer: PermitAnswer) -> None:
        self._permits.answered(answer)

    def on_cancel(self, attempt: str) -> None:
        entry = self._open.get(attempt)
        if entry is None or entry.phase is Phase.DONE:
            return
        if entry.phase is Phase.STARTING:
            self._books.place(attempt).ask_to_cancel()
        elif self._books.withhold(entry, Outcome.NOT_STARTED, _CANCELLED):
            self._permits.withdraw(entry)

    def on_receipt(self, attempt: str) -> None:
        entry = self._open.get(attempt)
        if entry is None:
            # The outcome of a tombstone, told once more.
            self._books.outbox.close(attempt)
        elif entry.phase is Phase.DONE:
            self._books.close(entry)
        else:
            log.warning("a receipt for %s, which has no outcome yet, is ignored", attempt)

    def on_resend(self, attempt: str, stdout: int, stderr: int) -> None:
        self._books.outbox.resend(attempt, stdout, stderr)

    # ---- what is done about it

    def recover(self) -> None:
        """Decide about what a former life left behind; call it before the first hello."""
        boot_id = self._books.journal.incarnation.boot_id
        for entry in list(self._open.values()):
            if entry.phase is Phase.RECEIVED and entry.boot_id != boot_id:
                # Never started here, and after a restart nothing is resumed: a new offer is a new decision.
                self._books.close(entry)
            elif entry.phase is Phase.DONE:
                assert entry.done is not None
                self._books.tell(entry.attempt, entry.done)
            elif entry.phase is Phase.RECEIVED:
                self._queue.put_nowait(entry.attempt)
            elif not self._books.settle(entry):
                self._books.outbox.open(entry.attempt, self._books.place(entry.attempt).spool)
                self._queue.put_nowait(entry.attempt)
        self._books.remove_strangers()

    async def work(self) -> None:
        """Carry out what is in the queue, for ever."""
        while True:
            entry = self._open.get(await self._queue.get())
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
        answer = self._permits.ask(entry)
        # The question goes first: what can be prepared is prepared while the service thinks about it.
        await asyncio.sleep(0)
        plan = self._plan(entry)
        await self._act(entry, plan, await answer)

    def _plan(self, entry: Entry) -> Runner | RejectionError | None:
        """A runner that waits for its word; None where one has been there already, or nothing is to do."""
        if entry.offer is None or self._open.get(entry.attempt) is not entry:
            return None
        if standing(self._books.place(entry.attempt)) is not Standing.UNTOUCHED:
            return None
        place = self._books.clear_place(entry.attempt)
        try:
            job = job_for(entry.offer, place.path)
        except RejectionError as rejection:
            return rejection
        return self._launcher.prepare(entry.attempt, job, self._books.outbox.said)

    async def _act(self, entry: Entry, plan: Runner | RejectionError | None, answer: str) -> None:
        if answer == "yes" and not isinstance(plan, RejectionError):
            await self._execute(entry, plan)
            return
        if isinstance(plan, Runner):
            plan.drop()
            await _is_set(plan.over, SILENCE_S)
        if answer == "yes":
            await self._decline(entry, Outcome.REJECTED, str(plan))
        elif answer == "cancelled":
            await self._decline(entry, Outcome.NOT_STARTED, _CANCELLED)
        elif answer == "no":
            self._books.close(entry)

    async def _execute(self, entry: Entry, runner: Runner | None) -> None:
        takes_stock = entry.offer is not None and entry.offer.type == "inventory"
        self._books.start(entry)
        if runner is not None:
            runner.go()
            await self._until_decided(entry, runner)
        await self._see_through(entry, runner)
        if takes_stock:
            self.on_inventory()

    async def _until_decided(self, entry: Entry, runner: Runner) -> None:
        """An untouched gate may only mean that the runner has not come to it yet; for a while."""
        for _ in range(LOOKS_AT_THE_GATE):
            if await _is_set(runner.over, SILENCE_S):
                return
            if standing(self._books.place(entry.attempt)) is not Standing.UNTOUCHED:
                return

    async def _see_through(self, entry: Entry, runner: Runner | None = None) -> None:
        """Wait for the outcome. A runner of this agent says when it is there; others are looked after."""
        while not self._books.settle(entry):
            self._books.outbox.said()
            if runner is None or runner.over.is_set():
                await asyncio.sleep(FOREIGN_POLL_S)
            else:
                await _is_set(runner.over, SILENCE_S)

    async def _decline(self, entry: Entry, outcome: Outcome, detail: str) -> None:
        if not self._books.withhold(entry, outcome, detail):
            # A runner has it, though the journal lost that line: then what happened is what counts.
            self._books.start(entry)
            await self._see_through(entry)


async def _is_set(event: asyncio.Event, seconds: float) -> bool:
    """True once the event is set, False when that takes longer."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False


def _nothing() -> None:
    """Until somebody wants to know."""


def _check_name(attempt: str) -> None:
    """An attempt's name becomes a folder's. Raises WireError for one that is not ours."""
    parse_attempt_name(attempt)
    if len(attempt) > _LONGEST_NAME or not attempt.isascii():
        raise WireError("the name of an attempt is too long or not ASCII")
