"""Virtual time, and processes that can end at any point, as tasks and as strands of blocking code."""

from __future__ import annotations

import asyncio
import contextvars
import random
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, cast

T = TypeVar("T")


class Killed(BaseException):
    """Thrown wherever a process that is dead would go on."""


class IdleError(Exception):
    """Nobody waits for anything any more."""


class _Time:
    """In place of a selector: when nothing is ready, it is the next moment at which something is."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise IdleError
        self._loop.now += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.BaseEventLoop):
    """No selector, no threads: what would run in an executor runs at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self._selector = _Time(self)
        self._tasks_made = 0
        self.set_task_factory(cast("Any", self._make_task))

    def time(self) -> float:
        return self.now

    def run_in_executor(self, _executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override]
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    def _make_task(
        self, _loop: Any, work: Coroutine[Any, Any, T], context: contextvars.Context | None = None
    ) -> asyncio.Task[T]:
        self._tasks_made += 1
        owner = CURRENT.get() if context is None else context[CURRENT]
        task = Task(work, loop=self, context=context, number=self._tasks_made)
        task.owner = owner
        if owner is not None:
            owner.keep(task)
        return task

    def _process_events(self, _events: list[Any]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody sleeps who would have to be woken."""


class Task(asyncio.Task[T]):
    """A task whose place in a set is the same in every process: asyncio keeps tasks in sets."""

    owner: Process | None = None

    def __init__(
        self, work: Coroutine[Any, Any, T], *, loop: Any, context: contextvars.Context | None, number: int
    ) -> None:
        self._number = number
        super().__init__(work, loop=loop, context=context)

    def __hash__(self) -> int:
        return self._number

    def __eq__(self, other: object) -> bool:
        return self is other


class Process:
    """A process: its tasks, its strands, and how much longer it lives."""

    def __init__(self, loop: VirtualLoop, chance: random.Random, name: str, pid: int, mark: str) -> None:
        self.loop = loop
        self.chance = chance
        self.name = name
        self.pid = pid
        self.mark = mark
        self.alive = True
        self.fuse: int | None = None
        """After so many more operations, `blow` is called."""
        self.blow: Callable[[], None] = self.kill
        self.at_end: list[Callable[[], None]] = []
        self.paused: list[Strand] = []
        """Strands that stand still in the middle of something, in the order in which they stopped."""
        self._tasks: list[asyncio.Task[Any]] = []
        self._strands: list[Strand] = []
        self.context = contextvars.copy_context()
        self.context.run(CURRENT.set, self)

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        return self.loop.create_task(work, context=self.context.copy())

    def strand(self, work: Callable[[], None]) -> Strand:
        strand = Strand(self, work)
        self._strands.append(strand)
        return strand

    def keep(self, task: asyncio.Task[Any]) -> None:
        if not self.alive:
            task.cancel()
        if len(self._tasks) > 64:
            self._tasks = [one for one in self._tasks if not one.done()]
        self._tasks.append(task)

    def step(self) -> None:
        """One operation that the world can see is about to happen: here a process may end."""
        if not self.alive:
            raise Killed
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse < 0:
                self.fuse = None
                self.blow()
                if not self.alive:
                    raise Killed

    def kill(self) -> None:
        """At once and without a word: nothing of what it would still do has any effect."""
        if not self.alive:
            return
        self.alive = False
        for call in self.at_end:
            call()
        for task in self._tasks:
            task.cancel()
        for strand in self._strands:
            strand.end()

    def exited(self) -> None:
        """It came to its end by itself."""
        if self.alive:
            self.alive = False
            for call in self.at_end:
                call()


CURRENT: contextvars.ContextVar[Process | None] = contextvars.ContextVar("process", default=None)


class Strand:
    """Blocking code in a thread of its own, of which exactly one runs, and only when it is given the turn."""

    current: Strand | None = None

    def __init__(self, process: Process, work: Callable[[], None]) -> None:
        self.process = process
        self.over = False
        self._work = work
        self._loop = process.loop
        self._context = process.context.copy()
        self._go, self._back = threading.Lock(), threading.Lock()
        self._go.acquire()
        self._back.acquire()
        self._wake: asyncio.TimerHandle | None = None
        self.joiners: list[Strand] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._started = False

    def start(self, delay: float = 0.0) -> None:
        self._wake = self._loop.call_later(delay, self.resume)

    def resume(self) -> None:
        """Give it the turn; back when it waits for something or is over."""
        if self.over:
            return
        if self._wake is not None:
            self._wake.cancel()
            self._wake = None
        if not self._started:
            self._started = True
            self._thread.start()
        before, Strand.current = Strand.current, self
        self._go.release()
        self._back.acquire()
        Strand.current = before
        if self.over:
            self._thread.join()

    def pause(self, seconds: float | None) -> None:
        """Called inside: let the others go on for so long, or until somebody calls `resume`."""
        if not self.process.alive:
            raise Killed
        if seconds is not None:
            self._wake = self._loop.call_later(seconds, self.resume)
        self._back.release()
        self._go.acquire()
        if not self.process.alive:
            raise Killed

    def wake_soon(self) -> None:
        """Whoever waits may go on, after what is happening right now."""
        if self._wake is not None:
            self._wake.cancel()
        self._wake = self._loop.call_later(0.0, self.resume)

    def end(self) -> None:
        """The process is dead: unwind, without any effect."""
        if self.over or Strand.current is self:
            return
        if not self._started:
            self.over = True
            if self._wake is not None:
                self._wake.cancel()
            return
        self._loop.call_soon(self.resume)

    def _run(self) -> None:
        self._go.acquire()
        try:
            if self.process.alive:
                self._context.run(self._work)
        except Killed:
            pass
        finally:
            self.over = True
            for joiner in self.joiners:
                joiner.wake_soon()
            self._back.release()


def me() -> Process:
    process = CURRENT.get()
    assert process is not None, "no simulated process asks for this"
    return process
