"""The conversation with the service: hello, work, back off, again."""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

from agent import __version__
from agent.attempts import Attempts
from agent.backoff import Backoff
from agent.enrollment import Enrollment
from agent.identity import Identity
from agent.outbox import Outbox
from agent.transport import Channel, ChannelClosedError
from agent.wire.codec import WireError, hello_signing_bytes
from agent.wire.messages import (
    WIRE_VERSIONS,
    AdmissionChanged,
    Cancel,
    Challenge,
    Facts,
    FactsReport,
    Heartbeat,
    Hello,
    Holding,
    Incarnation,
    Metrics,
    Offer,
    Permit,
    PermitAnswer,
    Receipt,
    Refused,
    Resend,
    ServiceMessage,
    Welcome,
)

log = logging.getLogger(__name__)

HANDSHAKE_S = 15.0
FACTS_EVERY_S = 600.0
LEAST_HEARTBEAT_S = 1.0
KNOWS_SOFTWARE = 3
SOFTWARE_AFTER_S = (1.0, 4.0)
SOFTWARE_EVERY_S = (5.5 * 3600, 6.5 * 3600)
"""From and to: a fleet that came back together does not look together."""
_ONLY_A_PERSON_CAN_CHANGE_IT = frozenset({"unknown_device", "retired", "bad_signature", "wire_version"})

M = TypeVar("M", bound=ServiceMessage)
OpenChannel = Callable[[str, ssl.SSLContext], AbstractAsyncContextManager[Channel]]


class Probes(Protocol):
    """What the session tells of this endpoint."""

    async def facts(self) -> Facts: ...

    def metrics(self) -> Metrics: ...

    async def software(self, known: str) -> tuple[str, bytes] | None:
        """The digest and the frame of a SoftwareReport; None where the digest is `known`, or nobody can
        tell."""


class RefusedError(Exception):
    """The service does not want this channel."""

    def __init__(self, refusal: Refused) -> None:
        super().__init__(refusal.detail or refusal.code)
        self.code = refusal.code


class Session:
    """Keeps one channel to the service, for ever."""

    def __init__(
        self,
        enrollment: Enrollment,
        tls: ssl.SSLContext,
        identity: Identity,
        incarnation: Incarnation,
        attempts: Attempts,
        outbox: Outbox,
        probes: Probes,
        backoff: Backoff,
        *,
        open_channel: OpenChannel,
        clock: Callable[[], float],
        sleep: Callable[[float], Coroutine[Any, Any, None]] = asyncio.sleep,
        wait_for: Callable[[asyncio.Event, float], Coroutine[Any, Any, bool]] | None = None,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._enrollment = enrollment
        self._tls = tls
        self._identity = identity
        self._incarnation = incarnation
        self._attempts = attempts
        self._outbox = outbox
        self._probes = probes
        self._backoff = backoff
        self._open_channel = open_channel
        self._clock = clock
        self._sleep = sleep
        self._wait_for = wait_for or _wait_for
        self._admission = ""
        self._facts_wanted = asyncio.Event()
        self._uniform = uniform
        self._software_wanted = asyncio.Event()
        self._software_told = ""
        self._software_due = 0.0

    def want_facts(self) -> None:
        """Report the facts anew, without waiting for the next look at them."""
        self._facts_wanted.set()

    def want_software(self) -> None:
        """Look what is installed now, without waiting for the next time."""
        self._software_wanted.set()

    async def stay_connected(self) -> None:
        last_reason = ""
        while True:
            welcomed_at: float | None = None
            calm = False
            try:
                async with self._open_channel(self._enrollment.server, self._tls) as channel:
                    welcome = await self._shake_hands(channel)
                    welcomed_at, last_reason = self._clock(), ""
                    await self._converse(channel, welcome)
            except RefusedError as refusal:
                reason, calm = str(refusal), refusal.code in _ONLY_A_PERSON_CAN_CHANGE_IT
            except (ChannelClosedError, WireError, TimeoutError) as error:
                reason = str(error) or "the service did not answer in time"
            except Exception as error:
                # A mistake of ours costs a conversation: an agent that ended would make it again.
                log.exception("a conversation has failed")
                reason = f"{type(error).__name__} in the agent itself"
            held = 0.0 if welcomed_at is None else self._clock() - welcomed_at
            wait = self._backoff.calm_wait() if calm else self._backoff.next_wait(held)
            if reason != last_reason:
                log.warning("no channel to %s: %s", self._enrollment.server, reason)
                last_reason = reason
            await self._sleep(wait)

    async def _shake_hands(self, channel: Channel) -> Welcome:
        async with asyncio.timeout(HANDSHAKE_S):
            challenge = await _expect(channel, Challenge)
            if not set(challenge.wire_versions) & set(WIRE_VERSIONS):
                raise RefusedError(
                    Refused("wire_version", f"The service speaks wire versions {challenge.wire_versions}.")
                )
            await channel.send(self._hello(challenge, channel.leaf_sha256))
            return await _expect(channel, Welcome)

    def _hello(self, challenge: Challenge, leaf_sha256: bytes) -> Hello:
        signed = hello_signing_bytes(challenge.nonce, leaf_sha256, self._incarnation)
        return Hello(
            self._enrollment.device_uid,
            self._incarnation,
            WIRE_VERSIONS,
            __version__,
            self._identity.sign(signed),
            (*self._attempts.open_attempts(), *self._attempts.former_attempts(challenge.service_epoch)),
        )

    async def _converse(self, channel: Channel, welcome: Welcome) -> None:
        log.info("connected to %s as device %d", self._enrollment.server, welcome.device_id)
        self._note_admission(welcome.admission)
        outgoing: asyncio.Queue[Permit | Holding] = asyncio.Queue()
        self._attempts.on_welcome(welcome.marks, welcome.forget)
        self._attempts.connected(outgoing.put_nowait, welcome.wire_version)
        self._backoff.spread(welcome.spread_s)
        try:
            await _until_one_ends(
                self._listen(channel),
                self._speak(channel, outgoing),
                self._outbox.send_all(channel),
                self._tell(channel, max(LEAST_HEARTBEAT_S, welcome.heartbeat_s)),
                self._tell_software(channel, welcome),
            )
        finally:
            self._attempts.disconnected()

    async def _listen(self, channel: Channel) -> None:
        while True:
            try:
                message = await channel.receive()
            except WireError as error:
                log.warning("a frame is ignored: %s", error)
            else:
                self._hear(message)

    def _hear(self, message: ServiceMessage) -> None:
        try:
            self._heed(message)
        except RefusedError:
            raise
        except Exception:
            # On the next channel the service says again what still counts.
            log.exception("this %s could not be heeded", type(message).__name__)

    def _heed(self, message: ServiceMessage) -> None:
        match message:
            case Offer():
                self._attempts.on_offer(message)
            case PermitAnswer():
                self._attempts.on_permit_answer(message)
            case Cancel():
                self._attempts.on_cancel(message.attempt)
            case Receipt():
                self._attempts.on_receipt(message.attempt, reboot=message.reboot)
            case Resend():
                self._attempts.on_resend(message.attempt, message.stdout, message.stderr)
            case AdmissionChanged():
                self._note_admission(message.admission)
            case Refused():
                raise RefusedError(message)
            case Challenge() | Welcome():
                log.warning("a %s in the middle of a channel is ignored", type(message).__name__)

    def _note_admission(self, admission: str) -> None:
        if admission not in (self._admission, "approved"):
            log.warning(
                "this device is %s: a person has to decide in the console; its words are %s",
                admission,
                self._enrollment.fingerprint,
            )
        self._admission = admission

    async def _speak(self, channel: Channel, outgoing: asyncio.Queue[Permit | Holding]) -> None:
        while True:
            await channel.send(await outgoing.get())

    async def _tell(self, channel: Channel, heartbeat_s: float) -> None:
        """Facts first, then a heartbeat at once and regularly; facts again when they have changed."""
        known = await self._probes.facts()
        await channel.send(FactsReport(known))
        looked_at = self._clock()
        while True:
            await channel.send(Heartbeat(self._probes.metrics()))
            wanted = await self._wait_for(self._facts_wanted, heartbeat_s)
            if wanted or self._clock() - looked_at >= FACTS_EVERY_S:
                self._facts_wanted.clear()
                looked_at = self._clock()
                facts = await self._probes.facts()
                if wanted or facts != known:
                    known = facts
                    await channel.send(FactsReport(known))

    async def _tell_software(self, channel: Channel, welcome: Welcome) -> None:
        """What is installed: soon, or when it is due where the service has what was told last; then regularly
        and when it is wanted."""
        known, wait = welcome.software_digest, self._uniform(*SOFTWARE_AFTER_S)
        if welcome.wire_version < KNOWS_SOFTWARE:
            await asyncio.get_running_loop().create_future()
        if known and known == self._software_told:
            wait = max(wait, self._software_due - self._clock())
        while True:
            await self._wait_for(self._software_wanted, wait)
            self._software_wanted.clear()
            report = await self._probes.software(known)
            if report is not None:
                known, frame = report
                await channel.send_frame(frame)
            self._software_told = known
            wait = self._uniform(*SOFTWARE_EVERY_S)
            self._software_due = self._clock() + wait


async def _wait_for(event: asyncio.Event, seconds: float) -> bool:
    """True once the event is set, False when that takes longer."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False


async def _expect(channel: Channel, kind: type[M]) -> M:
    message = await channel.receive()
    if isinstance(message, Refused):
        raise RefusedError(message)
    if not isinstance(message, kind):
        raise WireError(f"the service said {type(message).__name__} instead of {kind.__name__}")
    return message


async def _until_one_ends(*parts: Coroutine[Any, Any, None]) -> None:
    """Run all of them until the first ends, then end the others and raise what it raised."""
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
