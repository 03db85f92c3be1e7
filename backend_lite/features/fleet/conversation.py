"""The agent channel: one conversation per connection, raw ASGI because it is the hottest path there is."""

from __future__ import annotations

import structlog
from litestar import asgi
from litestar.types import Receive, Scope, Send

from agent.wire.codec import WireError, decode_output
from agent.wire.messages import CHANNEL_PATH, AgentMessage, Done, FactsReport, Heartbeat, Hello, Permit
from backend_lite.core.clock import Clock
from backend_lite.core.db.database import Database
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import CHANNEL, MACHINE
from backend_lite.core.http.refusals import Sparing
from backend_lite.core.http.websocket import Socket, SocketClosed, accept
from backend_lite.features.fleet.channel import FAILED, REFUSED, Channel
from backend_lite.features.fleet.devices import Devices
from backend_lite.features.fleet.frames import decode, encode
from backend_lite.features.fleet.handshake import Handshake, HelloRefusedError
from backend_lite.features.fleet.hub import DeviceHub
from backend_lite.features.fleet.listeners import Listeners
from backend_lite.features.fleet.presence import Presence

log = structlog.get_logger(__name__)


class Conversations:
    """Serves the channels of all agents."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        handshake: Handshake,
        devices: Devices,
        hub: DeviceHub,
        presence: Presence,
        listeners: Listeners,
    ) -> None:
        self._database = database
        self._clock = clock
        self._handshake = handshake
        self._devices = devices
        self._hub = hub
        self._presence = presence
        self._listeners = listeners
        self._sparing = Sparing(clock)

    def route(self) -> Route:
        @asgi(CHANNEL_PATH, copy_scope=False, permission=CHANNEL, audience=MACHINE)
        async def agent_channel(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                socket = await accept(scope, receive, send)
            except OSError:
                # Gone before it was accepted.
                return
            if socket is not None:
                await self.serve(socket)

        return agent_channel

    async def serve(self, socket: Socket) -> None:
        """From the challenge to the end of the connection; whatever the peer does, this only returns."""
        try:
            channel = await self._handshake.run(socket)
        except HelloRefusedError as refusal:
            code = refusal.refused.code
            self._tell("agent refused", socket.peer, code, sort=code)
            await _end(socket, encode(refusal.refused))
            return
        except (WireError, TimeoutError) as error:
            self._tell("no proper hello", socket.peer, str(error) or "no frame in time")
            await _end(socket)
            return
        except (SocketClosed, OSError):
            return
        if channel is not None:
            socket.let_in()
            await self._follow(socket, channel)

    def _tell(self, what: str, address: str, reason: str, *, sort: str = "") -> None:
        """Once in a while of each sort; a reason in a stranger's own words is none."""
        untold = self._sparing.untold(address, sort)
        if untold is not None:
            log.warning(what, address=address, reason=reason, more_before=untold)

    async def _follow(self, socket: Socket, channel: Channel) -> None:
        device_id = channel.device_id
        try:
            if self._may_start(device_id):
                await self._listeners.ready(device_id)
            await self._listen(socket, channel)
        except SocketClosed:
            channel.closing = True
        except WireError as error:
            log.warning("a frame was refused", device=device_id, address=channel.peer, reason=str(error))
            channel.close(REFUSED)
        except Exception:
            # The agent keeps what has no receipt and says it again on its next connection.
            log.exception("an agent's message could not be handled", device=device_id)
            channel.close(FAILED)
        finally:
            self._hub.leave(channel)
        await channel.sent()

    async def _listen(self, socket: Socket, channel: Channel) -> None:
        device_id, clock, presence = channel.device_id, self._clock, self._presence
        while True:
            frame = await socket.receive()
            if channel.closing:
                continue
            channel.heard_at = now = clock.monotonic()
            presence.heard(device_id, now)
            if not isinstance(frame, str):
                await self._listeners.output(device_id, decode_output(frame))
            elif isinstance(message := decode(frame), Heartbeat):
                presence.measured(device_id, message.metrics)
            else:
                await self._take(device_id, message)

    async def _take(self, device_id: int, message: AgentMessage) -> None:
        if isinstance(message, FactsReport):
            facts = message.facts
            await self._database.write(lambda unit: self._devices.report_facts(unit, device_id, facts))
        elif isinstance(message, Hello):
            raise WireError("a second hello on one channel")
        elif not isinstance(message, Permit) or self._may_start(device_id):
            # A device that may not work gets no permit: it asks again on its next connection.
            await self._listeners.message(device_id, message)
        if isinstance(message, Done) and self._hub.may_leave(device_id):
            await self._end_leaving(device_id)

    def _may_start(self, device_id: int) -> bool:
        return self._hub.may_work(device_id) or self._hub.may_leave(device_id)

    async def _end_leaving(self, device_id: int) -> None:
        """Shut the retired device out once its last step has ended."""
        if not await self._database.read(lambda session: self._listeners.last_step(session, device_id)):
            self._hub.shut_out(device_id)


async def _end(socket: Socket, last: str | None = None) -> None:
    try:
        if last is not None:
            await socket.send_text(last)
        await socket.close(REFUSED)
    except (OSError, RuntimeError):
        # Gone already.
        return
