"""What the signed-in person may do, kept up to date: the one place that knows it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from backend_lite.contract.accounts import RIGHTS, Rights
from backend_lite.contract.live import SERVICE
from backend_lite.contract.rights import ALL_PERMISSIONS
from console.core.client import ApiClient
from console.core.errors import ConsoleError
from console.core.live import LiveBatch, LiveState, LiveStore, Unsubscribe
from console.core.right_words import limited, missing, second_factor_due

Listener = Callable[[], None]


class OwnRights:
    """Rights are written `artifact:verb`, as the service's routes name them. One that holds on the devices of
    some groups only counts: the service decides for each device. Nothing is withheld before `read` has had
    an answer."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client
        self._held: Rights | None = None
        self._listeners: list[Listener] = []
        self._asked = 0
        self._readings: set[asyncio.Task[None]] = set()

    @property
    def held(self) -> frozenset[str]:
        """All of them, be it for the devices of some groups only."""
        held = self._held
        return ALL_PERMISSIONS if held is None else frozenset((*held.permissions, *held.limited))

    @property
    def second_factor_due(self) -> bool:
        """There are none before a second factor is set up."""
        return self._held is not None and self._held.second_factor_due

    def may(self, *permissions: str, everywhere: bool = False) -> bool:
        """One of them is enough, for some devices or `everywhere`; without any it is everybody's."""
        held = self._held
        if held is None or not permissions:
            return True
        return any(one in held.permissions or (one in held.limited and not everywhere) for one in permissions)

    def need(self, *permissions: str, everywhere: bool = False) -> Need:
        """For what an action needs: see `may`."""
        return Need(self, permissions, everywhere)

    def subscribe(self, listener: Listener) -> Unsubscribe:
        """`listener` is called whenever they have become others."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    async def read(self) -> None:
        """Asks the service; what is known stays where it does not answer."""
        self._asked += 1
        number = self._asked
        try:
            rights = await self._client.get(RIGHTS, Rights)
        except ConsoleError:
            return
        # An answer that was overtaken is older than what is known.
        if number == self._asked:
            self._take(rights)

    def follow(self, live: LiveStore) -> Unsubscribe:
        """Reads again whenever the live stream starts over, as it does when the rights of its person change,
        and whenever it is back after a break."""
        was = [live.state]

        def began(batch: LiveBatch) -> None:
            if batch.reset and live.state is LiveState.LIVE:
                self._read_soon()

        def turned(state: LiveState) -> None:
            back = state is LiveState.LIVE and was[0] is not LiveState.LIVE
            was[0] = state
            if back:
                self._read_soon()

        stops = [live.subscribe(SERVICE, began), live.subscribe_state(turned)]

        def stop() -> None:
            for one in stops:
                one()

        return stop

    def forget(self) -> None:
        """Nobody is signed in."""
        self._asked += 1
        self._take(None)

    async def stop(self) -> None:
        """Ends the readings that are on their way."""
        readings = tuple(self._readings)
        for reading in readings:
            reading.cancel()
        await asyncio.gather(*readings, return_exceptions=True)

    def _read_soon(self) -> None:
        task = asyncio.get_running_loop().create_task(self.read(), name="own rights")
        self._readings.add(task)
        task.add_done_callback(self._readings.discard)

    def _take(self, held: Rights | None) -> None:
        if held != self._held:
            self._held = held
            for listener in tuple(self._listeners):
                listener()


@dataclass(frozen=True)
class Need:
    """That of an action: one of `permissions`, for some devices or `everywhere`."""

    rights: OwnRights
    permissions: tuple[str, ...]
    everywhere: bool = False

    @property
    def is_met(self) -> bool:
        return self.rights.may(*self.permissions, everywhere=self.everywhere)

    @property
    def reason(self) -> str:
        """Why not; empty where it is met."""
        if self.is_met:
            return ""
        if self.rights.second_factor_due:
            return second_factor_due()
        say = limited if self.rights.may(*self.permissions) else missing
        return say(self.permissions[0])
