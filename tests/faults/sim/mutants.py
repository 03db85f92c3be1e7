"""The product with a safety rule taken out: each of these must be caught by the checker.

Where one rule backs another, taking out one of them does no harm, and the two are taken out together.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

from agent import books, outcomes
from agent.attempt_folder import RECORD_SIZE, AttemptFolder
from agent.attempts import Attempts
from agent.books import Books
from agent.files import write_all
from agent.journal import Entry, Journal, Phase
from agent.outbox import Outbox
from agent.outcomes import Standing
from agent.wire.messages import Done, Permit, Receipt
from agent.wire.states import Outcome, Source, StepState
from backend_lite.core.events.bus import SendToDevice
from backend_lite.features.fleet import incarnations
from backend_lite.features.fleet.hub import DeviceHub
from backend_lite.features.runs import attempts as service_attempts
from backend_lite.features.runs import permits, rollouts
from backend_lite.features.runs.output import OpenOutput, OutputFiles
from tests.faults.sim.kernel import CURRENT
from tests.faults.sim.machine import RunnerProcess
from tests.faults.sim.simulation import Result, simulate
from tests.faults.sim.system import SimOs, SimPath

Change = tuple[Any, str, Any]


@dataclass(frozen=True)
class Mutant:
    """`backed_by` says why the rules are only taken out together. `caught_by` are seeds that catch it."""

    name: str
    changes: tuple[Change, ...]
    caught_by: tuple[int, ...]
    backed_by: str = ""


def play(mutant: Mutant, seed: int) -> Result:
    with _taken_out(mutant):
        return simulate(seed)


@contextlib.contextmanager
def _taken_out(mutant: Mutant) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for place, name, instead in mutant.changes:
            stack.enter_context(mock.patch.object(place, name, instead))
        yield


def _without_sync(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same, as long as it lasts with no fsync that does anything."""

    def run(*arguments: Any, **named: Any) -> Any:
        with mock.patch.object(SimOs, "fsync", lambda *_: None):
            return function(*arguments, **named)

    return run


# ---- the agent's journal and folders


def _only_in_memory(_journal: Journal, entry: Entry) -> None:
    entry.phase, entry.offer = Phase.STARTING, None


_close_gate = AttemptFolder.close_gate


def _runner_goes_on(folder: AttemptFolder, draft: str) -> bool:
    process = CURRENT.get()
    _close_gate(folder, draft)
    return process is not None and "runner" in process.name


def _runner_in_any_case(folder: AttemptFolder, draft: str) -> bool:
    process = CURRENT.get()
    taken = _close_gate(folder, draft)
    return taken or (process is not None and "runner" in process.name)


_settle, _standing = outcomes.settle, outcomes.standing


def _believe_without_gate(entry: Entry, folder: AttemptFolder, boot_id: str) -> Done | None:
    if _standing(folder) is Standing.UNTOUCHED and entry.boot_id == boot_id:
        return outcomes.unexecuted(entry, Outcome.NOT_STARTED, "")
    return _settle(entry, folder, boot_id)


def _any_boot(journal: Journal, _record: dict[str, Any]) -> str:
    return journal.incarnation.boot_id


def _boot_alone(_journal: Journal, record: dict[str, Any]) -> str:
    return str(record["boot"])


def _unsynced_verdict(folder: AttemptFolder, record: Any) -> None:
    fd = SimPath.os.open(folder._at("exit.draft"), os.O_WRONLY)
    write_all(fd, json.dumps(record).encode().ljust(RECORD_SIZE))
    SimPath.os.close(fd)
    SimPath.os.replace(folder._at("exit.draft"), folder._at("exit"))


_send = Outbox._send


async def _send_and_free(outbox: Outbox, parcel: Any, sender: Any) -> None:
    await _send(outbox, parcel, sender)
    if parcel.done_is_sent:
        parcel.source.close()
        with contextlib.suppress(FileNotFoundError):
            SimPath.os.unlink(parcel.source._spool)


def _cancel_is_the_end(attempts: Attempts, entry: Entry) -> None:
    if entry.phase is Phase.STARTING:
        attempts._books.place(entry.attempt).ask_to_cancel()
    attempts._books._finish(entry, outcomes.unexecuted(entry, Outcome.NOT_STARTED, ""))
    attempts._permits.withdraw(entry.attempt)


# ---- the service


_answer = permits.Permits.answer


def _any_nonce(self: Any, moment: Any, device_id: int, message: Permit) -> Any:
    found = permits.find_attempt(moment.session, self._epoch, device_id, message.attempt)
    if found is None or found[2].nonce in (None, message.nonce) or found[1].state != StepState.RUNNING:
        return _answer(self, moment, device_id, message)
    permits._say(moment, device_id, message, "yes")
    return None


def _lose_nothing(*_arguments: Any) -> None:
    """Whatever a new life does not list is believed to go on."""


_done = service_attempts.Attempts.done


async def _receipt_first(self: Any, device_id: int, message: Done) -> None:
    self._output._bus.publish([SendToDevice(device_id, Receipt(message.attempt))])
    await _done(self, device_id, message)


async def _done_of_any_nonce(self: Any, device_id: int, message: Done) -> None:
    entry = await self._output.find(device_id, message.attempt)
    if entry is not None:
        message = replace(message, nonce=entry.ref.nonce)
    await _done(self, device_id, message)


_change_step = rollouts.change_step


def _certain_at_once(parts: Any, step: Any, state: StepState, now: int, **named: Any) -> None:
    if state is StepState.CANCELLING:
        state, named = StepState.CANCELLED, {"reason": "cancelled", "source": Source.PRESUMED}
    _change_step(parts, step, state, now, **named)


async def _no_sync(output: OpenOutput) -> None:
    output.spill()


_NO_LOSS = ((service_attempts.Attempts, "_lose", _lose_nothing),)
_NO_GATE = (
    (AttemptFolder, "close_gate", _runner_in_any_case),
    (Attempts, "_plan", None),
)
