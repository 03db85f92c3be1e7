"""`selftest`: does everything the agent needs work on this machine, in this package?"""

from __future__ import annotations

import asyncio
import ssl
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from agent.attempt_folder import AttemptFolder
from agent.commands import own_command
from agent.identity import load_identity, make_identity
from agent.job import Job
from agent.journal import Journal
from agent.platform import this_platform
from agent.probes import collect_facts, read_metrics
from agent.runners import Runners

_RUN_S = 30.0


def selftest(out: TextIO) -> int:
    """Says one line per check; 0 when all are good, else 1."""
    checks: tuple[tuple[str, Callable[[Path], str]], ...] = (
        ("key", _key),
        ("TLS 1.3 and WebSocket", _channel),
        ("journal", _journal),
        ("facts", _facts),
        ("runner", _runner),
    )
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, check in checks:
            try:
                out.write(f"ok      {name}: {check(Path(folder))}\n")
            except Exception as error:
                failed += 1
                out.write(f"FAILED  {name}: {type(error).__name__}: {error}\n")
    return 1 if failed else 0


def _key(folder: Path) -> str:
    made = make_identity(folder / "identity.key")
    loaded = load_identity(folder / "identity.key")
    assert loaded is not None
    assert loaded.sign(b"x") == made.sign(b"x")
    return made.device_uid


def _channel(folder: Path) -> str:
    from agent.transport import open_channel

    assert ssl.HAS_TLSv1_3
    assert callable(open_channel)
    return ssl.OPENSSL_VERSION


def _journal(folder: Path) -> str:
    journal = Journal(_made(folder / "journal"), this_platform().boot_id())
    journal.close()
    return f"boot {journal.incarnation.boot_id}"


def _facts(folder: Path) -> str:
    facts = collect_facts()
    read_metrics()
    return f"{facts.os_name} {facts.os_version}, {', '.join(facts.languages)}"


def _runner(folder: Path) -> str:
    attempt = AttemptFolder(str(_made(folder / "selftest")))
    asyncio.run(_run_facts(folder))
    record = attempt.exit_record()
    assert record is not None, (folder / "runner.log").read_text("utf-8", "replace")
    assert (record["outcome"], record["exit_code"]) == ("exited", 0), record
    return f"{record['total'][0]} bytes of output in {record['duration_ms']} ms"


async def _run_facts(folder: Path) -> None:
    runners = Runners(folder, folder / "runner.log")
    runner = runners.prepare("selftest", Job(own_command("facts"), _RUN_S), lambda: None)
    runner.go()
    async with asyncio.timeout(_RUN_S):
        await runner.over.wait()
    runners.close()


def _made(path: Path) -> Path:
    path.mkdir()
    return path
