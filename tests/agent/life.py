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
from agent.wire.messages import Done, Offer, OutputMark, Permit, PermitAnswer
from tests.agent.outcomes_for_tests import finish
from tests.agent.test_output import Recorder

ONE, TWO = "e1-1-1", "e1-2-1"
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

    def finish(self, attempt: str, stdout: bytes = b"", exit_code: int = 0) -> None:
        assert attempt in self.jobs
        folder = AttemptFolder(str(self._folder / attempt))
        assert folder.take_gate("runner")
        finish(folder, stdout, exit_code=exit_code)
        self._runners[attempt].over.set()


class Life:
    """One life of the agent on a data folder, between two crashes."""

    def __init__(self, root: Path, boot_id: str = "boot") -> None:
        (root / "journal").mkdir(exist_ok=True)
        (root / "attempts").mkdir(exist_ok=True)
        self.folder = root / "attempts"
        self.journal = Journal(root / "journal", boot_id)
        self.outbox = Outbox(lambda: 0.0)
        self.launcher = Launcher(self.folder)
        self.attempts = Attempts(Books(self.journal, self.outbox, self.folder), self.launcher)
        self.permits: list[Permit] = []
        self.recorder = Recorder()
        self._tasks: list[asyncio.Task[None]] = []

    async def begin(self) -> None:
        self.attempts.recover()
        self._tasks.append(asyncio.create_task(self.attempts.work()))
        self.connect()
        await turns()

    def connect(self, *marks: OutputMark, forget: tuple[str, ...] = ()) -> None:
        self.attempts.on_welcome(marks, forget)
        self.attempts.connected(self.permits.append)
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
