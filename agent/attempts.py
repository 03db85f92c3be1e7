"""The life of an attempt on this device: offer, permit, runner, outcome, receipt.

Every promise is in the journal before it leaves the device, and every step can be repeated: an offer, an
answer or a receipt may come twice, late, or after a restart of the agent or of the service. What the disk has
no room for is tried again until it has.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, Protocol

from agent.books import Books
from agent.handlers import RejectionError, job_for
from agent.job import Job
from agent.journal import Entry, Phase
from agent.machine import Machine
from agent.outcomes import Standing, standing
from agent.permits import WITHDRAWN, Permits, Say
from agent.runners import Runner
from agent.wire.codec import WireError, parse_attempt_name
from agent.wire.messages import AS_USER, Done, Offer, OpenAttempt, OutputMark, PermitAnswer
from agent.wire.states import Outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.platform.people import Person

log = logging.getLogger(__name__)

FOREIGN_POLL_S = 0.25
SILENCE_S = 2.0
LOOKS_AT_THE_GATE = 15
TROUBLE_PAUSE_S = 5.0
LONGEST_TROUBLE_PAUSE_S = 600.0
HOLD_PAUSE_S = 2.0
RESTART_PATIENCE_S = 600.0
MOST_FORMER = 1000
"""Ended attempts of another life of the service that one hello names at most: the newest."""
_LONGEST_NAME = 100
_CANCELLED = "Cancelled before it started."
_RESTARTS = "The device is about to restart."
_LEAVES = "The agent removes itself from this device."
_NOBODY = "Nobody is signed in on this device."
_NO_ROOM = "The disk has no room to take this work in."
_BEYOND_US = "This agent failed over this step; its log on the device says how. A newer agent may do better."

ToDo = Callable[[], Coroutine[Any, Any, None]]


class Launcher(Protocol):
    """Prepares runners; see `runners.Runners`."""

    def warm_up(self) -> None: ...

    def prepare(self, attempt: str, job: Job, said: Callable[[], None]) -> Runner: ...


class Attempts:
    """All open attempts of this device. Parallel ones run beside others; all others are carried out one at a
    time in the order of their offers, except that one which waits for somebody to sign in lets others pass.
    """

    def __init__(self, books: Books, launcher: Launcher, machine: Machine) -> None:
        self.on_inventory: Callable[[], None] = _nothing
        """Called after a step that takes stock of this device."""
        self.on_software: Callable[[], None] = _nothing
        """Called after a step that may have changed what is installed."""
        self.leaves_with: Callable[[Done], bool] = _never
        """Whether this agent removes itself once an outcome has arrived."""
        self.on_leave: Callable[[], None] = _nothing
        """Called when it is time for that: nothing runs any more, and every outcome has arrived."""
        self._books = books
        self._open = books.journal.entries
        self._untaken: dict[str, Offer] = {}
        self._launcher = launcher
        self._machine = machine
        self._permits = Permits()
        self._turn = asyncio.Lock()
        self._end = ""
        self._epoch = ""
        self._settled: set[str] = set()
        self._to_do: asyncio.Queue[tuple[str, ToDo]] = asyncio.Queue()

    # ---- what the service says

    def connected(self, say: Say, wire_version: int) -> None:
        try:
            self._launcher.warm_up()
        except OSError as error:
            log.warning("no runner can be kept warm: %s", error.strerror)
        self._permits.connected(say, wire_version)

    def disconnected(self) -> None:
        self._permits.disconnected()

    def open_attempts(self) -> tuple[OpenAttempt, ...]:
        return tuple(
            OpenAttempt(entry.attempt, entry.nonce, entry.phase.value) for entry in self._open.values()
        )

    def former_attempts(self, service_epoch: str) -> tuple[OpenAttempt, ...]:
        """Ended ones of other lives of the service: one that was restored may not have their outcomes."""
        if service_epoch != self._epoch:
            self._epoch, self._settled = service_epoch, set()
        former = [
            OpenAttempt(attempt, done.nonce, Phase.DONE.value)
            for attempt, done in self._books.journal.tombstones.items()
            if not attempt.startswith(f"{service_epoch}-") and attempt not in self._settled
        ]
        return tuple(former[-MOST_FORMER:])

    def on_welcome(self, marks: tuple[OutputMark, ...], forget: tuple[str, ...]) -> None:
        self._settled.update(forget)
        for attempt in forget:
            if (entry := self._open.get(attempt)) is not None:
                if self._goes_with(entry):
                    continue
                self._books.forget(entry)
                self._permits.withdraw(attempt)
                if entry.phase is not Phase.STARTING:
                    self._close(entry)
        for mark in marks:
            if mark.attempt not in self._open and mark.attempt in self._books.journal.tombstones:
                self._books.tell(mark.attempt, self._books.journal.tombstones[mark.attempt])
        self._books.outbox.resume({mark.attempt: (mark.stdout, mark.stderr) for mark in marks})

    def on_offer(self, offer: Offer) -> None:
        attempt = offer.attempt
        if attempt in self._open or attempt in self._untaken:
            return
        if (done := self._books.journal.tombstones.get(attempt)) is not None:
            log.warning("the attempt %s is offered again; it has ended long ago", attempt)
            self._books.tell(attempt, done)
            return
        try:
            _check_name(attempt)
        except WireError as error:
            log.warning("an offer is ignored: %s", error)
            return
        if self._take(offer):
            self._soon(attempt, lambda: self._see_to(attempt))
        else:
            self._untaken[attempt] = offer
            self._soon(attempt, lambda: self._take_later(offer))

    def on_permit_answer(self, answer: PermitAnswer) -> None:
        self._permits.answered(answer)

    def on_cancel(self, attempt: str) -> None:
        entry = self._open.get(attempt)
        if entry is None:
            # Nothing was promised about it yet.
            self._untaken.pop(attempt, None)
        elif entry.phase is not Phase.DONE:
            try:
                self._cancel(entry)
            except OSError as error:
                # It still has to ask, and the service will not let it start.
                log.warning("%s cannot be cancelled yet: %s", attempt, error.strerror)

    def _cancel(self, entry: Entry) -> None:
        if entry.phase is Phase.STARTING:
            self._books.place(entry.attempt).ask_to_cancel()
        elif self._books.withhold(entry, Outcome.NOT_STARTED, _CANCELLED):
            self._permits.withdraw(entry.attempt)

    def on_receipt(self, attempt: str, *, reboot: bool = False) -> None:
        entry = self._open.get(attempt)
        if entry is None:
            # The outcome of a tombstone, told once more.
            self._settled.add(attempt)
            self._books.outbox.close(attempt)
        elif entry.phase is not Phase.DONE:
            log.warning("a receipt for %s, which has no outcome yet, is ignored", attempt)
        elif self._goes_with(entry):
            return
        elif reboot and entry.boot_id == self._boot_id:
            if not self._end:
                self._end = _RESTARTS
                self._soon(attempt, lambda: self._restart_after(entry))
        else:
            self._close(entry)

    def _goes_with(self, entry: Entry) -> bool:
        """True where this was the outcome to leave with; then that is on its way."""
        if entry.done is None or not self.leaves_with(entry.done):
            return False
        if self._end != _LEAVES:
            self._end = _LEAVES
            self._soon(entry.attempt, lambda: self._leave_after(entry))
        return True

    def on_resend(self, attempt: str, stdout: int, stderr: int) -> None:
        self._books.outbox.resend(attempt, stdout, stderr)

    # ---- what is done about it

    def recover(self) -> None:
        """Decide about what a former life left behind; call it before the first hello."""
        waiting = []
        for entry in list(self._open.values()):
            if entry.phase is Phase.DONE:
                assert entry.done is not None
                self._books.tell(entry.attempt, entry.done)
            elif self._is_of_a_former_boot(entry):
                # Not a proof that it never ran: this may be a snapshot from before it did. As it is not in
                # the hello, the service offers it anew if it gave no permit, and knows it for lost if it did.
                self._books.journal.drop(entry)
            elif entry.phase is Phase.RECEIVED and entry.boot_id == self._boot_id:
                waiting.append(entry.attempt)
            elif not self._is_settled(entry):
                self._books.outbox.open(entry.attempt, self._books.place(entry.attempt).spool)
                # What runs already goes before everything that waits.
                waiting.insert(0, entry.attempt)
        for attempt in waiting:
            self._soon(attempt, lambda attempt=attempt: self._see_to(attempt))  # type: ignore[misc]
        self._books.remove_strangers()

    def _is_of_a_former_boot(self, entry: Entry) -> bool:
        """True for one that was received before the machine was restarted, and of which nothing is left."""
        former = entry.phase is Phase.RECEIVED and entry.boot_id != self._boot_id
        return former and standing(self._books.place(entry.attempt)) is Standing.UNTOUCHED

    def _is_settled(self, entry: Entry) -> bool:
        try:
            return self._books.settle(entry)
        except OSError as error:
            log.warning("%s has to wait: %s", entry.attempt, error.strerror)
            return False

    @property
    def _boot_id(self) -> str:
        return self._books.journal.incarnation.boot_id

    def _soon(self, attempt: str, to_do: ToDo) -> None:
        self._to_do.put_nowait((attempt, to_do))

    async def work(self) -> None:
        """Carry out what there is to do, for ever."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                tasks.create_task(self._insist(*await self._to_do.get()))

    async def _insist(self, attempt: str, to_do: ToDo) -> None:
        """A mistake of ours about one attempt ends neither the agent nor what it does about the others: it
        would come again with every start. So it is looked at again later."""
        pause = TROUBLE_PAUSE_S
        while True:
            try:
                return await to_do()
            except Exception:
                log.exception("%s is tried again in %d s", attempt, pause)
            await self._machine.pause(pause)
            pause = min(2 * pause, LONGEST_TROUBLE_PAUSE_S)

    def _take(self, offer: Offer) -> bool:
        """Promise to deal with an offer; False when the disk has no room for that promise."""
        try:
            self._books.journal.received(offer, os.urandom(16).hex())
        except OSError as error:
            log.warning("the offer %s cannot be taken yet: %s", offer.attempt, error.strerror)
            return False
        return True

    async def _take_later(self, offer: Offer) -> None:
        while offer.attempt in self._untaken:
            self._permits.hold(offer.attempt, "disk_low", self._machine.shortage() or _NO_ROOM)
            await self._machine.pause(HOLD_PAUSE_S)
            if offer.attempt in self._untaken and self._take(offer):
                del self._untaken[offer.attempt]
                self._soon(offer.attempt, lambda: self._see_to(offer.attempt))
                return
        self._permits.withdraw(offer.attempt)

    async def _see_to(self, attempt: str) -> None:
        """Carry one attempt out, in its turn."""
        while (entry := self._open.get(attempt)) is not None and entry.phase is not Phase.DONE:
            turn: AbstractAsyncContextManager[Any] = nullcontext() if entry.parallel else self._turn
            async with turn:
                if await self._has_its_turn(entry):
                    return
            # Whoever must sign in first keeps nobody else from working.
            self._permits.hold(attempt, "no_user", _NOBODY)
            await self._machine.pause(HOLD_PAUSE_S)

    async def _has_its_turn(self, entry: Entry) -> bool:
        """True when this attempt needs no further turn, False when somebody has to sign in first."""
        while self._is_to_do(entry):
            try:
                if entry.phase is Phase.STARTING:
                    await self._see_through(entry)
                elif await self._may_begin(entry):
                    return await self._begin(entry)
            except OSError as error:
                log.warning("%s has to wait: %s", entry.attempt, error.strerror)
                await self._machine.pause(TROUBLE_PAUSE_S)
        return True

    def _is_to_do(self, entry: Entry) -> bool:
        return self._open.get(entry.attempt) is entry and entry.phase is not Phase.DONE

    async def _may_begin(self, entry: Entry) -> bool:
        """False after a pause, when the disk is too full or the machine is about to restart."""
        if shortage := self._machine.shortage():
            self._permits.hold(entry.attempt, "disk_low", shortage)
        elif not self._end:
            return True
        await self._machine.pause(HOLD_PAUSE_S)
        return False

    async def _begin(self, entry: Entry) -> bool:
        """Ask for the permit and act on it; False when nobody is there to run it as."""
        person = None
        if entry.offer is not None and entry.offer.run_as == AS_USER:
            person = self._machine.person()
            if person is None:
                return False
        self._permits.release(entry.attempt)
        answer = self._permits.ask(entry)
        # The question goes first: what can be prepared is prepared while the service thinks about it.
        await asyncio.sleep(0)
        plan = self._plan(entry, person)
        try:
            await self._act(entry, plan, await answer)
        except Exception:
            if isinstance(plan, Runner) and entry.phase is Phase.RECEIVED:
                plan.drop()
            raise
        return True

    def _plan(self, entry: Entry, person: Person | None) -> Runner | RejectionError | None:
        """A runner that waits for its word; None where one has been there already, or nothing is to do."""
        if entry.offer is None or self._open.get(entry.attempt) is not entry:
            return None
        if standing(self._books.place(entry.attempt)) is not Standing.UNTOUCHED:
            return None
        place = self._books.clear_place(entry.attempt)
        try:
            job = job_for(entry.offer, place.path, self._opened(entry.offer), person)
        except RejectionError as rejection:
            return rejection
        except OSError:
            raise
        except Exception:
            # The same offer would fail again and again.
            log.exception("no job can be made of %s", entry.attempt)
            return RejectionError(_BEYOND_US)
        return self._launcher.prepare(entry.attempt, job, self._books.outbox.said)

    def _opened(self, offer: Offer) -> dict[str, str]:
        """The secrets of an offer, in clear. Raises RejectionError."""
        opened = {}
        for name, sealed in offer.secrets.items():
            try:
                opened[name] = self._machine.open_secret(sealed)
            except ValueError:
                raise RejectionError(
                    f"The secret {name[:64]!r} was not sealed for this device's key; "
                    "run it anew, so that it is sealed for the key the device has now."
                ) from None
        return opened

    async def _act(self, entry: Entry, plan: Runner | RejectionError | None, answer: str) -> None:
        if entry.phase is Phase.DONE or self._open.get(entry.attempt) is not entry:
            # A cancel came right behind the answer, and its outcome is told already.
            answer = WITHDRAWN
        if answer == "yes" and not isinstance(plan, RejectionError) and not self._end:
            await self._execute(entry, plan)
            return
        if isinstance(plan, Runner):
            plan.drop()
            await _is_set(plan.over, SILENCE_S)
        if answer == "yes" and self._end:
            await self._decline(entry, Outcome.NOT_STARTED, self._end)
        elif answer == "yes":
            await self._decline(entry, Outcome.REJECTED, str(plan))
        elif answer == "cancelled":
            await self._decline(entry, Outcome.NOT_STARTED, _CANCELLED)
        elif answer == "no":
            self._close(entry)

    async def _execute(self, entry: Entry, runner: Runner | None) -> None:
        type_ = entry.offer.type if entry.offer is not None else ""
        self._books.start(entry)
        if runner is not None:
            runner.go()
            await self._until_decided(entry, runner)
        await self._see_through(entry, runner)
        if type_ == "inventory":
            self.on_inventory()
        if type_ in ("inventory", "install_software", "uninstall_software"):
            self.on_software()

    async def _until_decided(self, entry: Entry, runner: Runner) -> None:
        """An untouched gate may only mean that the runner has not come to it yet; for a while."""
        for _ in range(LOOKS_AT_THE_GATE):
            has_ended = await _is_set(runner.over, SILENCE_S)
            if standing(self._books.place(entry.attempt)) is not Standing.UNTOUCHED:
                return
            if has_ended:
                # It is offered anew as soon as that is told, and may come to nothing again.
                log.warning("the runner of %s has ended before it began", entry.attempt)
                await self._machine.pause(TROUBLE_PAUSE_S)
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

    def _close(self, entry: Entry) -> None:
        """Free everything, at once or when the disk has room for that line of the journal."""
        if not self._books.close(entry):
            self._soon(entry.attempt, lambda: self._close_later(entry))

    async def _close_later(self, entry: Entry) -> None:
        while not self._books.close(entry):
            await self._machine.pause(TROUBLE_PAUSE_S)

    async def _restart_after(self, entry: Entry) -> None:
        """Restart the machine once this attempt is closed for good and nothing is in the middle of work."""
        while not self._books.close(entry) or self._is_busy():
            await self._machine.pause(HOLD_PAUSE_S)
        try:
            self._machine.restart()
        except OSError as error:
            log.error("the machine cannot be restarted: %s", error.strerror)  # noqa: TRY400
        else:
            # Somebody may stop it; then work goes on.
            await self._machine.pause(RESTART_PATIENCE_S)
        if self._end == _RESTARTS:
            self._end = ""

    async def _leave_after(self, entry: Entry) -> None:
        """Leave once this attempt is closed for good, and no other has anything left to tell."""
        while not self._books.close(entry) or any(
            other.phase is not Phase.RECEIVED for other in self._open.values()
        ):
            await self._machine.pause(HOLD_PAUSE_S)
        self.on_leave()

    def _is_busy(self) -> bool:
        return any(entry.phase is Phase.STARTING for entry in self._open.values())


async def _is_set(event: asyncio.Event, seconds: float) -> bool:
    """True once the event is set, False when that takes longer."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False


def _never(done: Done) -> bool:
    return False


def _nothing() -> None:
    """Until somebody wants to know."""


def _check_name(attempt: str) -> None:
    """An attempt's name becomes a folder's. Raises WireError for one that is not ours."""
    if len(attempt) > _LONGEST_NAME or not attempt.isascii():
        raise WireError("the name of an attempt is too long or not ASCII")
    parse_attempt_name(attempt)
