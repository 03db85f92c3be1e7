"""How an agent's connection becomes a channel: challenge, signed hello, welcome."""

from __future__ import annotations

import asyncio
import itertools
import re
import secrets

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from agent.wire.codec import WireError, hello_signing_bytes
from agent.wire.messages import (
    WIRE_VERSIONS,
    AdmissionChanged,
    Challenge,
    Hello,
    Incarnation,
    Refused,
    Welcome,
)
from backend_lite.contract.fleet import Admission
from backend_lite.core.agent_endpoint import AgentEndpoint
from backend_lite.core.clock import Clock
from backend_lite.core.db.database import Database
from backend_lite.core.http.websocket import Socket
from backend_lite.features.fleet.channel import GOING_AWAY, Channel
from backend_lite.features.fleet.devices import Devices, KnownDevice
from backend_lite.features.fleet.frames import decode, encode
from backend_lite.features.fleet.hub import DeviceHub
from backend_lite.features.fleet.incarnations import Caller, Incarnations
from backend_lite.features.fleet.labels import clean
from backend_lite.features.fleet.listeners import Listeners

HEARTBEAT_S = 10.0
FIRST_FRAME_S = 10.0
ALIVE_S = 2 * HEARTBEAT_S
"""A channel that was silent for longer is taken for half-open, not for a copy of the device."""
PROBE_S = 2.0

_WITH_SOFTWARE = 3
"""The first version of the wire whose agents say what is installed."""

_PART = re.compile(r"[ -~]{1,100}")


class HelloRefusedError(Exception):
    """The agent is told `refused` before the socket is closed."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code)
        self.refused = Refused(code, detail)


class Handshake:
    """One for all connections."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        endpoint: AgentEndpoint,
        service_epoch: str,
        devices: Devices,
        hub: DeviceHub,
        listeners: Listeners,
    ) -> None:
        self._database = database
        self._clock = clock
        self._endpoint = endpoint
        self._epoch = service_epoch
        self._devices = devices
        self._incarnations = Incarnations(clock)
        self._hub = hub
        self._listeners = listeners
        self._numbers = itertools.count(1)

    async def run(self, socket: Socket) -> Channel | None:
        """The welcomed channel; None when it came too late to be the device's channel.

        Raises HelloRefusedError, WireError, TimeoutError, and what the socket raises.
        """
        number = next(self._numbers)
        # Read now: an agent that connected before the certificate was renewed signs the one it saw.
        leaf = self._endpoint.identity.leaf_sha256
        challenge = Challenge(secrets.token_hex(32), WIRE_VERSIONS, self._epoch)
        await socket.send_text(encode(challenge))
        hello = await self._hello(socket)
        version = _common_version(hello)
        device = await self._identify(hello, challenge.nonce, leaf)
        channel = Channel(socket, device.id, hello.incarnation, number, self._clock.monotonic(), version)
        if await self._join(device, channel, hello, version):
            return channel
        await channel.sent()
        return None

    async def _hello(self, socket: Socket) -> Hello:
        async with asyncio.timeout(FIRST_FRAME_S):
            frame = await socket.receive()
        message = decode(frame) if isinstance(frame, str) else None
        if not isinstance(message, Hello):
            raise WireError("the first frame is not a hello")
        parts = message.incarnation
        if not all(_PART.fullmatch(p) for p in (parts.journal_epoch, parts.journal_file, parts.boot_id)):
            raise WireError("the incarnation is malformed")
        return message

    async def _may_leave(self, device_id: int) -> bool:
        """The device is retired, and has the step left with which its agent removes itself."""
        return await self._database.read(lambda session: self._listeners.last_step(session, device_id))

    async def _identify(self, hello: Hello, nonce: str, leaf: bytes) -> KnownDevice:
        uid = hello.device_uid
        device = await self._database.read(lambda session: self._devices.known(session, uid))
        if device is None:
            raise HelloRefusedError(
                "unknown_device", "This service does not know this device. Enroll it with a token."
            )
        _verify(device.public_key, hello, hello_signing_bytes(nonce, leaf, hello.incarnation))
        if device.admission is Admission.RETIRED and not await self._may_leave(device.id):
            raise _retired()
        return device

    async def _join(self, device: KnownDevice, channel: Channel, hello: Hello, version: int) -> bool:
        device_id, incarnation = device.id, hello.incarnation
        if self._hub.is_late(channel):
            # A hello that was long under way is no second copy of the device.
            channel.close(GOING_AWAY)
            return False
        rival = await self._rival(device, incarnation)
        caller = Caller(clean(channel.peer, 80), clean(hello.agent_version, 80), rival)
        said = await self._database.write(
            lambda unit: self._incarnations.hello(unit, device_id, incarnation, caller)
        )
        if said.admission is Admission.RETIRED:
            if not await self._may_leave(device_id):
                raise _retired()
            self._hub.let_leave(device_id)
        if said.new:
            # A late question of the former life must not get a permit of which nobody knows that it is lost.
            self._hub.dismiss_others(device_id, incarnation)
        answer = await self._listeners.hello(device_id, hello, said.new)

        def welcome(admission: Admission) -> Welcome:
            return Welcome(
                version,
                device_id,
                admission,
                HEARTBEAT_S,
                answer.marks,
                answer.forget,
                software_digest=device.software_digest if version >= _WITH_SOFTWARE else "",
            )

        return self._hub.join(channel, welcome)

    async def _rival(self, device: KnownDevice, incarnation: Incarnation) -> str | None:
        """The address of another copy of the device that is really connected now.

        A device that was reset comes back while its old connection still looks open: writing to that one
        makes the device's system end it.
        """
        if device.admission is Admission.QUARANTINED:
            return None
        recent = self._clock.monotonic() - ALIVE_S
        others = [one for one in self._hub.others(device.id, incarnation) if one.heard_at >= recent]
        for other in others:
            other.post(encode(AdmissionChanged(device.admission)))
        tasks = {one.task: one.peer for one in others if one.task is not None}
        if not tasks:
            return None
        _gone, there = await asyncio.wait(tasks, timeout=PROBE_S)
        return next((tasks[task] for task in there), None)


def _common_version(hello: Hello) -> int:
    common = set(hello.wire_versions) & set(WIRE_VERSIONS)
    if not common:
        raise HelloRefusedError(
            "wire_version",
            f"The agent speaks {_listed(hello.wire_versions)} of the protocol, the service "
            f"{_listed(WIRE_VERSIONS)}. Update the older of the two.",
        )
    return max(common)


def _listed(versions: tuple[int, ...]) -> str:
    return "version " + ", ".join(map(str, versions[:5])) if versions else "no version"


def _verify(public_key: bytes, hello: Hello, signed: bytes) -> None:
    try:
        VerifyKey(public_key).verify(signed, bytes.fromhex(hello.signature))
    except (BadSignatureError, ValueError):
        raise HelloRefusedError(
            "bad_signature",
            "The signature does not fit this connection. Check that nothing between agent and service "
            "opens the encryption, and that the agent's key is the one that was enrolled.",
        ) from None


def _retired() -> HelloRefusedError:
    return HelloRefusedError("retired", "This device was removed. Enroll it again if it should come back.")
