"""Asking a process of its own what is installed here (see `probes.software`)."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
from typing import Any

from agent.commands import own_command
from agent.environment import script_environment

log = logging.getLogger(__name__)

PATIENCE_S = 300.0
_LONGEST_LINE = 4 << 20

_QUIETLY: dict[str, Any] = {}
if sys.platform == "win32":
    _QUIETLY["creationflags"] = subprocess.CREATE_NO_WINDOW | subprocess.BELOW_NORMAL_PRIORITY_CLASS


async def software_report(known: str) -> tuple[str, bytes] | None:
    """The digest and the frame of a report on what is installed; None where the digest is `known` or nobody
    can tell. The frame stays as it is: taken apart it would raise the agent's memory for good."""
    try:
        process = await asyncio.create_subprocess_exec(
            *own_command("installed", bare=True),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=script_environment(dict(os.environ)),
            limit=_LONGEST_LINE,
            **_QUIETLY,
        )
    except OSError as error:
        log.warning("what is installed cannot be told: %s", error.strerror)
        return None
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await _understand(process, known)
    except (TimeoutError, ValueError):
        log.warning("what is installed was not told as it should be")
        return None
    finally:
        await _see_off(process)


async def _understand(process: asyncio.subprocess.Process, known: str) -> tuple[str, bytes] | None:
    assert process.stdout is not None
    digest = (await process.stdout.readline()).decode("ascii").strip()
    if digest == known:
        return None
    frame = await process.stdout.readline()
    if not frame.endswith(b"\n"):
        raise ValueError("it ended in the middle")
    return digest, frame


async def _see_off(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()
