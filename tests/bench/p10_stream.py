"""A live stream of a large fleet whose heartbeats come in at a steady rate."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from tests.console import objects

SEED = 10


class UpdateStream:
    """`connect` is for a LiveStore. While `flowing`, `per_s` changes of metrics come each second."""

    def __init__(self, rows: int, per_s: int, every_s: float) -> None:
        self._random = random.Random(SEED)  # noqa: S311
        self._rows = rows
        self._count = round(per_s * every_s)
        self._every_s = every_s
        self.flowing = False

    @asynccontextmanager
    async def connect(self, _url: str) -> AsyncIterator[UpdateStream]:
        yield self

    async def greet(self, _hello: str, *, resuming: bool) -> None:
        return

    async def __aiter__(self) -> AsyncIterator[str]:
        yield self._snapshot()
        bursts = [self._burst(number) for number in range(40)]
        seq = 1
        while True:
            await asyncio.sleep(self._every_s)
            if self.flowing:
                for frame in bursts[seq % len(bursts)]:
                    yield frame
                seq += 1

    def _snapshot(self) -> str:
        fleet = [self._device(number) for number in range(1, self._rows + 1)]
        return msgspec.json.encode({"seq": 1, "snapshot": {"device": fleet}}).decode()

    def _device(self, number: int) -> dict[str, Any]:
        name = f"LAB-PC-{self._random.randrange(10**6):06}"
        kind = objects.windows if number % 3 else objects.device
        return kind(number, hostname=name, tags=["lab"], metrics=self._metrics())

    def _metrics(self) -> dict[str, Any]:
        return metrics(self._random)

    def _burst(self, number: int) -> list[str]:
        return [
            msgspec.json.encode(
                {
                    "seq": 2 + number,
                    "kind": "device",
                    "id": self._random.randrange(1, self._rows + 1),
                    "change": {"metrics": self._metrics()},
                }
            ).decode()
            for _ in range(self._count)
        ]


def metrics(chance: random.Random) -> dict[str, Any]:
    return objects.metrics(round(chance.random() * 100, 1))
