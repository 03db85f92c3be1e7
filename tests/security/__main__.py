"""The long forms of what the tests try in short: one JSON line of figures each."""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher

from backend_lite.core.db.migrate import migrate
from backend_lite.core.logging import configure_logging
from backend_lite.core.security import passwords
from tests.helpers.service import in_process
from tests.security.guessing import LARGEST_GROWTH_KB, guessed
from tests.security.site import Site, furnished
from tests.security.walking import walked

TIMES = 10_000


async def _whole_walk(site: Site) -> dict[str, Any]:
    seen = await walked(site, None)
    answers = {str(status): count for status, count in sorted(seen.answers.items())}
    return {"calls": seen.calls, "answers": answers, "bugs": seen.bugs, "met": not seen.bugs}


async def _many_guesses(site: Site) -> dict[str, Any]:
    seen = await guessed(site, TIMES)
    hits = TIMES - seen.answers[401] - seen.answers[429]
    met = not hits and seen.grown_kb < LARGEST_GROWTH_KB
    return {
        "guesses": TIMES,
        "told_to_wait": seen.answers[429],
        "hits": hits,
        "grown_kb": seen.grown_kb,
        "met": met,
    }


SUITES: dict[str, Callable[[Site], Awaitable[dict[str, Any]]]] = {
    "walk": _whole_walk,
    "guesses": _many_guesses,
}


async def _run(name: str, folder: Path) -> bool:
    migrate(folder / "empty.db")
    async with in_process(folder / "data", folder / "empty.db") as service:
        site = await furnished(service)
        started = time.monotonic()
        figures = await SUITES[name](site)
    line = {"name": name, **figures, "seconds": round(time.monotonic() - started, 1)}
    sys.stdout.write(json.dumps(line) + "\n")
    return bool(figures["met"])


def main(names: list[str]) -> int:
    if any(name not in SUITES for name in names):
        sys.stderr.write(f"usage: python -m tests.security [{'|'.join(SUITES)} ...]\n")
        return 2
    configure_logging(None)
    # What makes a hash strong is its cost, and this is not about hashes.
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    met = []
    for name in names or SUITES:
        with tempfile.TemporaryDirectory() as folder:
            met.append(asyncio.run(_run(name, Path(folder))))
    return 0 if all(met) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
