"""One life of the agent on a data folder, with a runner that does what the test says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from agent.attempt_folder import AttemptFolder
from agent.attempts import Attempts
from agent.books import Books
from agent.job import Job
from agent.journal import Journal, Phase
from agent.outbox import Outbox
from agent.platform import this_platform
from agent.runner import GO
from agent.runners import Runner
from agent.wire.messages import Done, Holding, Offer, OutputMark, Permit, PermitAnswer
from tests.agent.outcomes_for_tests import finish
from tests.agent.test_output import Recorder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.platform.people import Person

ONE, TWO, THREE = "e1-1-1", "e1-2-1", "e1-3-1"
LANGUAGE = "cmd" if this_platform().os_type == "windows" else "sh"


def offer(attempt: str = ONE, type_: str = LANGUAGE, payload: str = "echo hi", **more: Any) -> Offer:
    return Offer(attempt, type_, payload, 60.0, **more)


class Launcher:
    """Prepares runners that do nothing by themselves. What was told to go is in `jobs`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runners: dict[str, Runner] = {}
        self.prepared: dict[str, Job] = {}
        self.jobs: dict[str, Job] = {}
        self.dropped: list[str] = []

    def warm_up(self) -> None:
        """Always warm."""

    def prepare(self, attempt: str, job: Job, said: Callable[[], None]) -> Runner:
        AttemptFolder(str(self._folder / attempt)).lay_out(job)

        def tell(word: bytes) -> None:
            if word == GO:
                assert attempt not in self.jobs, "told to go twice"
                self.jobs[attempt] = job
            else:
                self.dropped.append(attempt)
                self._runners[attempt].over.set()

        self.prepared[attempt] = job
        self._runners[attempt] = Runner(tell, said)
        return self._runners[attempt]

    def die(self, attempt: str) -> None:
        """Before it began."""
        self._runners[attempt].over.set()

    def finish(self, attempt: str, stdout: bytes = b"", exit_code: int = 0) -> None:
        assert attempt in self.jobs
        folder = AttemptFolder(str(self._folder / attempt))
        assert folder.take_gate("runner")
        finish(folder, stdout, exit_code=exit_code)
        self._runners[attempt].over.set()


class StandInMachine:
    """A machine that is as the test says. A pause lasts until `go_on`."""

    def __init__(self) -> None:
        self.is_short = ""
        self.who: Person | None = None
        self.restarts = 0
        self.restart_trouble: OSError | None = None
        self.pauses: list[float] = []
        self._waiting: list[asyncio.Future[None]] = []

    def shortage(self) -> str:
        return self.is_short

    def person(self) -> Person | None:
        return self.who

    def open_secret(self, sealed: str) -> str:
        if not sealed.startswith("sealed:"):
            raise ValueError("not sealed to this key")
        return sealed.removeprefix("sealed:")

    def restart(self) -> None:
        if self.restart_trouble is not None:
            raise self.restart_trouble
        self.restarts += 1

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self._waiting.append(asyncio.get_running_loop().create_future())
        await self._waiting[-1]

    async def go_on(self) -> None:
        """Every pause is over."""
        waiting, self._waiting = self._waiting, []
        for pause in waiting:
            if not pause.done():
                pause.set_result(None)
        await turns()


class Life:
    """One life of the agent on a data folder, between two crashes."""

    def __init__(self, root: Path, boot_id: str = "boot") -> None:
        (root / "journal").mkdir(exist_ok=True)
        (root / "attempts").mkdir(exist_ok=True)
        self.folder = root / "attempts"
        self.journal = Journal(root / "journal", boot_id)
        self.outbox = Outbox(lambda: 0.0)
        self.launcher = Launcher(self.folder)
        self.machine = StandInMachine()
        books = Books(self.journal, self.outbox, self.folder)
        self.attempts = Attempts(books, self.launcher, self.machine)
        self.permits: list[Permit] = []
        self.holdings: list[Holding] = []
        self.recorder = Recorder()
        self._tasks: list[asyncio.Task[None]] = []

    async def begin(self) -> None:
        self.attempts.recover()
        self._tasks.append(asyncio.create_task(self.attempts.work()))
        self.connect()
        await turns()

    def _hear(self, message: Permit | Holding) -> None:
        if isinstance(message, Permit):
            self.permits.append(message)
        else:
            self.holdings.append(message)

    def connect(self, *marks: OutputMark, forget: tuple[str, ...] = (), wire_version: int = 2) -> None:
        self.attempts.on_welcome(marks, forget)
        self.attempts.connected(self._hear, wire_version)
        self._tasks.append(asyncio.create_task(self.outbox.send_all(self.recorder)))

    async def offered(self, *offers: Offer) -> None:
        for one in offers:
            self.attempts.on_offer(one)
        await turns()

    async def answered(self, answer: str, permit: Permit | None = None) -> None:
        asked = permit or self.permits[-1]
        self.attempts.on_permit_answer(PermitAnswer(asked.attempt, asked.nonce, answer))
        await turns()

    @property
    def folders(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())

    def place(self, attempt: str = ONE) -> AttemptFolder:
        return AttemptFolder(str(self.folder / attempt))

    def phase(self, attempt: str = ONE) -> Phase | None:
        entry = self.journal.entries.get(attempt)
        return entry.phase if entry else None

    @property
    def dones(self) -> list[Done]:
        return self.recorder.dones

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for attempt in list(self.journal.entries):
            self.outbox.close(attempt)
        self.journal.close()


async def turns() -> None:
    for _ in range(30):
        await asyncio.sleep(0)


def live(root: Path, story: Callable[[Life], Coroutine[Any, Any, None]], boot_id: str = "boot") -> None:
    """Tell the story of one life; a second call on the same folder is the life after a crash."""

    async def tell() -> None:
        life = Life(root, boot_id)
        try:
            await life.begin()
            await story(life)
        finally:
            await life.end()

    asyncio.run(tell())
