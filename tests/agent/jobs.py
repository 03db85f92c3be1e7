"""Real runners in a test: hand over a job, wait for its end, read what it left."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from agent.attempt_folder import AttemptFolder
from agent.job import Job
from agent.runners import Runner, Runners
from agent.spool import SpoolReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.attempt_folder import ExitRecord

PATIENCE_S = 30.0


def python_job(folder: Path, script: str, *arguments: str, timeout_s: float = 60, **more: object) -> Job:
    """A job that runs a Python script of this test."""
    place = AttemptFolder(str(folder))
    argv = [sys.executable, "-u", place.work_file("script.py"), *arguments]
    return Job(argv, timeout_s, files={"script.py": script.encode()}, **more)  # type: ignore[arg-type]


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


@asynccontextmanager
async def runners(attempts: Path) -> AsyncIterator[Runners]:
    found = Runners(attempts, attempts / "runner.log")
    yield found
    found.close()


async def over(runner: Runner) -> None:
    async with asyncio.timeout(PATIENCE_S):
        await runner.over.wait()


async def until(condition: Callable[[], object]) -> None:
    """For what other processes do, which nobody announces here."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def run_job(folder: Path, job: Job) -> ExitRecord:
    """Execute a job in an attempt's folder to its end; the exit record."""

    async def run() -> None:
        async with runners(folder.parent) as found:
            runner = found.prepare(folder.name, job, lambda: None)
            runner.go()
            await over(runner)

    asyncio.run(run())
    record = AttemptFolder(str(folder)).exit_record()
    assert record is not None, (folder.parent / "runner.log").read_text()
    return record


def output_of(folder: Path) -> tuple[bytes, bytes]:
    streams = [b"", b""]
    for _, stream, _, data in pieces_of(folder):
        streams[stream] += data
    return streams[0], streams[1]


def pieces_of(folder: Path) -> list[tuple[int, int, int, bytes]]:
    reader = SpoolReader(AttemptFolder(str(folder)).spool)
    try:
        return list(reader.pieces(ended=True))
    finally:
        reader.close()
