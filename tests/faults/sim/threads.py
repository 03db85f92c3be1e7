"""What the product's modules find in place of `time` and `threading`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from tests.faults.sim.kernel import Strand, VirtualLoop, me

WALL = 1_700_000_000.0


class SimTime:
    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)

    def time(self) -> float:
        return WALL + self._loop.now

    def time_ns(self) -> int:
        return int(self.time() * 1e9)

    def monotonic(self) -> float:
        return self._loop.now

    perf_counter = monotonic

    def sleep(self, seconds: float) -> None:
        strand = Strand.current
        assert strand is not None, "only strands may sleep"
        strand.pause(seconds)


class SimThread:
    def __init__(
        self, target: Callable[..., None], args: tuple[Any, ...] = (), daemon: bool = False, name: str = ""
    ) -> None:
        self._strand = me().strand(lambda: target(*args))

    def start(self) -> None:
        self._strand.start()

    def is_alive(self) -> bool:
        return not self._strand.over

    def join(self, timeout: float | None = None) -> None:
        strand = Strand.current
        assert strand is not None
        if not self._strand.over:
            self._strand.joiners.append(strand)
            strand.pause(timeout)


class SimLock:
    """Also an RLock, a Condition and an Event, as far as one process at a time needs them."""

    def __init__(self) -> None:
        self._holder: Strand | None = None
        self._waiting: list[Strand] = []

    def acquire(self) -> bool:
        strand = Strand.current
        while self._holder is not None and self._holder is not strand:
            assert strand is not None
            self._waiting.append(strand)
            strand.pause(None)
        self._holder = strand
        return True

    def release(self) -> None:
        self._holder = None
        waiting, self._waiting = self._waiting, []
        for strand in waiting:
            strand.wake_soon()

    def __enter__(self) -> SimLock:
        self.acquire()
        return self

    def __exit__(self, *_error: object) -> None:
        self.release()


class SimEvent:
    def __init__(self) -> None:
        self._set = False
        self._waiting: list[Strand] = []

    def is_set(self) -> bool:
        return self._set

    def clear(self) -> None:
        self._set = False

    def set(self) -> None:
        self._set = True
        waiting, self._waiting = self._waiting, []
        for strand in waiting:
            strand.wake_soon()

    def wait(self, timeout: float | None = None) -> bool:
        strand = Strand.current
        if not self._set and strand is not None:
            self._waiting.append(strand)
            strand.pause(timeout)
        return self._set


class SimThreading:
    Thread = SimThread
    Lock = SimLock
    RLock = SimLock
    Event = SimEvent

    def __getattr__(self, name: str) -> Any:
        return getattr(threading, name)
