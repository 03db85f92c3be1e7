"""The product with a safety rule taken out: each of these must be caught by the checker.

Where one rule backs another, taking out one of them does no harm, and the two are taken out together.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from unittest import mock

from agent import books, outcomes
from agent.attempt_folder import RECORD_SIZE, AttemptFolder
from agent.attempts import Attempts
from agent.files import write_all
from agent.journal import Entry, Journal, Phase
from agent.outbox import Outbox
from agent.outcomes import Standing
from agent.wire.codec import parse_attempt_name
from agent.wire.messages import Done, Permit, PermitAnswer, Receipt
from agent.wire.states import Outcome, Source, StepState
from backend_lite.core.events.bus import SendToDevice
from backend_lite.features.fleet import incarnations
from backend_lite.features.runs import attempts as service_attempts
from backend_lite.features.runs import rollouts, transitions
from backend_lite.features.runs.output import OpenOutput, OutputFiles
from tests.faults.sim.kernel import CURRENT
from tests.faults.sim.service import database_connection
from tests.faults.sim.simulation import simulate
from tests.faults.sim.system import SimOs, SimPath

Change = tuple[Any, str, Any]


@dataclass(frozen=True)
class Mutant:
    """`backed_by` says why the rules are only taken out together. `caught_by` are seeds that catch it when
    the faults of `focus` happen: those are what the rule is there for. Violations with the words of `besides`
    do not count: one of the two rules alone is enough for them."""

    name: str
    changes: tuple[Change, ...]
    focus: tuple[str, ...]
    caught_by: tuple[int, ...]
    backed_by: str = ""
    besides: str = ""


def violations_of(mutant: Mutant, seed: int) -> list[str]:
    with _taken_out(mutant):
        found = simulate(seed, mutant.focus).violations
    return [one for one in found if not mutant.besides or mutant.besides not in one]


@contextlib.contextmanager
def _taken_out(mutant: Mutant) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for place, name, instead in mutant.changes:
            stack.enter_context(mock.patch.object(place, name, instead))
        yield


def _without_sync(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same, as long as it lasts with no fsync of its process that does anything."""
    sync = SimOs.fsync

    def run(*arguments: Any, **named: Any) -> Any:
        mine = CURRENT.get()

        def sync_for_others(system: SimOs, fd: int) -> None:
            if CURRENT.get() is not mine:
                sync(system, fd)

        with mock.patch.object(SimOs, "fsync", sync_for_others):
            return function(*arguments, **named)

    return run


# ---- the agent's journal and folders


def _only_in_memory(_journal: Journal, entry: Entry) -> None:
    entry.phase, entry.offer = Phase.STARTING, None


_close_gate = AttemptFolder.close_gate


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


def _no_rewind(outbox: Outbox, _marks: Any) -> None:
    for parcel in outbox._parcels.values():
        parcel.done_is_sent = False
    outbox.said()


def _cancel_is_the_end(attempts: Attempts, entry: Entry) -> None:
    if entry.phase is Phase.STARTING:
        attempts._books.place(entry.attempt).ask_to_cancel()
    attempts._books._finish(entry, outcomes.unexecuted(entry, Outcome.NOT_STARTED, ""))
    attempts._permits.withdraw(entry.attempt)


# ---- the service


_permit = service_attempts.Attempts.permit


async def _any_nonce(self: Any, device_id: int, message: Permit) -> None:
    _, step_id, n = parse_attempt_name(message.attempt)
    running = database_connection().execute(
        "SELECT a.nonce FROM attempts a JOIN steps s ON s.id = a.step_id "
        "WHERE s.id = ? AND a.n = ? AND s.attempt = a.n AND s.state = 'running'",
        (step_id, n),
    )
    if (row := running.fetchone()) is None or row[0] == message.nonce:
        await _permit(self, device_id, message)
        return
    answer = PermitAnswer(message.attempt, message.nonce, "yes")
    self._output._bus.publish([SendToDevice(device_id, answer)])


def _lose_nothing(*_arguments: Any) -> None:
    """Whatever a new life does not list is believed to go on."""


_done = service_attempts.Attempts.done


async def _receipt_first(self: Any, device_id: int, message: Done) -> None:
    self._output._bus.publish([SendToDevice(device_id, Receipt(message.attempt))])
    await asyncio.sleep(1.0)
    await _done(self, device_id, message)


_change_step = transitions.change_step


def _certain_at_once(parts: Any, step: Any, state: StepState, now: int, **named: Any) -> None:
    if state is StepState.CANCELLING:
        state, named = StepState.CANCELLED, {"reason": "cancelled", "source": Source.PRESUMED}
    _change_step(parts, step, state, now, **named)


async def _no_sync(output: OpenOutput) -> None:
    output.spill()


_plan = Attempts._plan


def _plan_anew(attempts: Attempts, entry: Entry, person: Any) -> Any:
    """Prepare a runner although one may have been there already."""
    place = attempts._books.place(entry.attempt)
    with contextlib.suppress(FileNotFoundError):
        SimPath.os.unlink(place._at("gate"))
    return _plan(attempts, entry, person)


def _no_doubt(_known: Any, _caller: Any) -> None:
    """No hello ever raises a suspicion."""


_NOTHING_LOST: Change = (service_attempts.Attempts, "_lose", _lose_nothing)
_STARTING_UNWRITTEN: Change = (Journal, "starting", _only_in_memory)
_GATE_UNHEEDED: Change = (AttemptFolder, "close_gate", _runner_in_any_case)
_PLANNED_ANEW: Change = (Attempts, "_plan", _plan_anew)
_NO_QUARANTINE: Change = (incarnations, "_doubt", _no_doubt)
_ANY_NONCE: Change = (service_attempts.Attempts, "permit", _any_nonce)

_KILLS = ("agent killed", "agent killed in the middle", "agent killed in the middle")
_POWER = ("power lost", "power lost in the middle")
_SERVICE = ("service killed in the middle", "service without power")

MUTANTS: tuple[Mutant, ...] = (
    Mutant("the runner does not heed the gate", (_GATE_UNHEEDED,), _KILLS, (21, 45, 47)),
    Mutant(
        "the agent proves without the gate", ((books, "settle", _believe_without_gate),), _KILLS, (11, 21, 27)
    ),
    Mutant(
        "STARTING is not written, and a gate that stands is taken away",
        (_STARTING_UNWRITTEN, _PLANNED_ANEW),
        _KILLS,
        (1, 2, 7),
        "Either alone shows that a runner may have been there: the line in the journal, or the gate.",
    ),
    Mutant(
        "STARTING is not fsynced",
        ((Journal, "starting", _without_sync(Journal.starting)),),
        _POWER,
        (18, 64, 88),
    ),
    Mutant(
        "names of the folders of attempts are not fsynced",
        ((AttemptFolder, "sync_names", _lose_nothing),),
        ("power lost in the middle",) * 3,
        (79, 200, 283, 310, 387, 413, 478, 514),
    ),
    Mutant("the boot does not matter", ((Journal, "_boot_of", _any_boot),), _POWER, (11, 13, 35)),
    Mutant(
        "a copied journal is believed",
        ((Journal, "_boot_of", _boot_alone),),
        ("restored",),
        (138, 100, 190, 232),
    ),
    Mutant(
        "the exit record is not fsynced",
        ((AttemptFolder, "write_exit_record", _unsynced_verdict),),
        _POWER,
        (30, 46, 76),
    ),
    Mutant(
        "the spool is freed before the receipt",
        ((Outbox, "_send", _send_and_free),),
        ("service killed",) * 4,
        (48, 17, 30),
    ),
    Mutant(
        "a cancel is certain on the device",
        ((Attempts, "_cancel", _cancel_is_the_end),),
        ("cut",),
        (29, 50, 66),
    ),
    Mutant(
        "a cancel is certain after the permit",
        ((rollouts, "change_step", _certain_at_once),),
        ("cut",),
        (29, 10, 37),
    ),
    Mutant("a permit that nobody lists is not lost", (_NOTHING_LOST,), ("wiped", *_POWER), (3, 7, 4)),
    Mutant(
        "the receipt goes out before the commit",
        ((service_attempts.Attempts, "done", _receipt_first),),
        _SERVICE,
        (10, 11, 13),
    ),
    Mutant(
        "the receipt does not wait for the output, and the marks of a welcome are not heeded",
        ((service_attempts.Attempts, "_complete", lambda *_: True), (Outbox, "resume", _no_rewind)),
        ("cut", "cut", *_SERVICE),
        (15, 10, 17),
        "What is missing is sent again because of the marks, or because the outcome does not fit.",
    ),
    Mutant("output files are not fsynced", ((OpenOutput, "sync", _no_sync),), _SERVICE, (22, 51, 62)),
    Mutant(
        "names of output files are not fsynced",
        ((OutputFiles, "sync_names", _lose_nothing),),
        _SERVICE,
        (51, 113, 27),
    ),
    Mutant("a copy is not put into quarantine", (_NO_QUARANTINE,), ("copied",), (1, 2, 3)),
    Mutant(
        "any nonce gets the permit, and a copy is not put into quarantine",
        (_ANY_NONCE, _NO_QUARANTINE),
        ("copied", "cut", *_KILLS),
        (17, 50, 80),
        "Only a copy can have another nonce for an attempt, and while there is one nobody gets a permit.",
        "are both at work",
    ),
)
