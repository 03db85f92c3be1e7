"""`run`: put the parts together and keep going until told to stop."""

from __future__ import annotations

import asyncio
import logging
import random
import signal
import sys
import time
from collections.abc import Callable

from agent.attempts import Attempts
from agent.backoff import Backoff
from agent.books import Books
from agent.data_folder import DataFolder
from agent.enrollment import Enrollment
from agent.identity import Identity
from agent.installed import software_report
from agent.journal import Journal
from agent.leave import Leave
from agent.machine import ThisMachine
from agent.outbox import Outbox
from agent.platform import processes, this_platform
from agent.probes import collect_facts, read_metrics
from agent.runners import Runners
from agent.session import Session
from agent.settings import load_settings
from agent.tls import tls_context
from agent.transport import open_channel
from agent.wire.messages import Facts, Metrics

log = logging.getLogger(__name__)

_SENT_AFTER_S = 2.0


StopWhen = Callable[[Callable[[], None]], None]
"""Is given a function that stops the agent from any thread."""


def run_until_stopped(
    folder: DataFolder, enrollment: Enrollment, identity: Identity, stop_when: StopWhen | None = None
) -> bool:
    """Serve until a signal or `stop_when`'s caller asks to stop. True where the agent is to remove itself."""
    try:
        return asyncio.run(_keep_going(folder, enrollment, identity, stop_when))
    except Exception:
        # Where the agent is a service, nobody reads its stderr.
        log.critical("the agent ends", exc_info=True)
        raise


class _Probes:
    async def facts(self) -> Facts:
        return await asyncio.to_thread(collect_facts)

    def metrics(self) -> Metrics:
        return read_metrics()

    async def software(self, known: str) -> tuple[str, bytes] | None:
        report = await software_report(known)
        if report is not None:
            # By then it has gone out; the rest of the day needs none of its room.
            asyncio.get_running_loop().call_later(_SENT_AFTER_S, processes.give_back_memory)
        return report


async def _keep_going(
    folder: DataFolder, enrollment: Enrollment, identity: Identity, stop_when: StopWhen | None
) -> bool:
    journal = Journal(folder.journal, this_platform().boot_id())
    if journal.damaged_lines:
        log.warning("%d lines of the journal are damaged and were skipped", journal.damaged_lines)
    leave = Leave(folder.root)
    if leave.is_due(journal.tombstones):
        journal.close()
        return True
    outbox = Outbox(time.monotonic)
    runners = Runners(folder.attempts, folder.logs / "runner.log")
    machine = ThisMachine(identity, folder.root, load_settings(folder.settings).least_free)
    attempts = Attempts(Books(journal, outbox, folder.attempts), runners, machine)
    session = Session(
        enrollment,
        tls_context(enrollment.ca_pem),
        identity,
        journal.incarnation,
        attempts,
        outbox,
        _Probes(),
        Backoff(random.uniform),
        open_channel=open_channel,
        clock=time.monotonic,
    )
    attempts.on_inventory = session.want_facts
    attempts.on_software = session.want_software
    attempts.recover()
    work = [asyncio.create_task(attempts.work()), asyncio.create_task(session.stay_connected())]
    stop = _stop_by_signals(work)
    leaves = asyncio.Event()

    def end_for_good() -> None:
        leaves.set()
        stop()

    attempts.leaves_with, attempts.on_leave = leave.goes_with, end_for_good
    if stop_when is not None:
        stop_when(_from_any_thread(stop))
    try:
        await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stop()
        results = await asyncio.gather(*work, return_exceptions=True)
        runners.close()
        journal.close()
    for result in results:
        if isinstance(result, Exception):
            raise result
    return leaves.is_set()


def _from_any_thread(function: Callable[[], None]) -> Callable[[], None]:
    loop = asyncio.get_running_loop()

    def call() -> None:
        loop.call_soon_threadsafe(function)

    return call


def _stop_by_signals(work: list[asyncio.Task[None]]) -> Callable[[], None]:
    def stop() -> None:
        for task in work:
            task.cancel()

    if sys.platform != "win32":
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop)
    return stop
