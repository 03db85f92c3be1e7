"""All that the tests try in short, at full size: `python -m tests.security [SUITE ...]` prints the figures.

Without names all run, and the table is written to RESULTS.md beside this file.
"""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from argon2 import PasswordHasher

from backend_lite.core.db.migrate import migrate
from backend_lite.core.security import passwords
from tests.helpers import network
from tests.helpers.service import in_process
from tests.security import audit_rows, canary, web_pages
from tests.security.credentials import all_tried
from tests.security.described import Teller
from tests.security.enrolments import enrolled
from tests.security.guessing import LARGEST_GROWTH_KB, guessed
from tests.security.hostile_archives import harm_of_all, hostile
from tests.security.replays import replayed
from tests.security.set_up_address import opened, variants
from tests.security.site import Site, furnished
from tests.security.walking import walked

GUESSES, AGENTS, USES, EVENTS, EXAMPLES = 10_000, 50, 5, 100_000, 20
LONGEST_CHECK_S = 30


@dataclass(frozen=True)
class Row:
    """What was tried, the figures, and all that went wrong."""

    tried: str
    figures: dict[str, Any]
    wrong: list[str]


def _guesses(folder: Path) -> Row:
    seen = _on_site(folder, lambda site: guessed(site, GUESSES))
    wrong = seen.opened + seen.shut_out
    wrong += [f"{name} answers in several ways" for name, told in seen.told.items() if len(told) > 1]
    if seen.grown_kb > LARGEST_GROWTH_KB:
        wrong.append("they are remembered")
    figures = {
        "guesses": seen.tries,
        "doors": len(seen.answers),
        "opened": len(seen.opened),
        "told to wait": seen.waits,
        "kept out beside them": len(seen.shut_out),
        "memory KB": seen.grown_kb,
        "median us, near and far": f"{seen.near_us} and {seen.far_us}",
    }
    return Row(
        "tokens guessed at every door that takes one, beside people who have good ones", figures, wrong
    )


def _enrolments(folder: Path) -> Row:
    seen = enrolled(folder, AGENTS, USES)
    wrong = [] if (seen.ends["enrolled"], seen.devices, seen.used) == (USES,) * 3 else [str(seen)]
    figures = {"agents": AGENTS, "uses": USES, "devices": seen.devices, **seen.ends}
    return Row("agents that enrol at once with one token", figures, wrong)


def _replays(folder: Path) -> Row:
    told = replayed(folder)
    figures = {"recorded": told.recorded.total(), "sent again": told.sent.total(), "changes": len(told.harm)}
    return Row("all that a real agent sent, sent again by a listener with a device", figures, told.harm)


def _set_up(folder: Path) -> Row:
    calls, wrong = _on_site(folder, opened)
    figures = {"spellings": len(variants()), "requests": calls, "opened": len(wrong)}
    return Row("the address of the first set-up in other words", figures, wrong)


def _archives(folder: Path) -> Row:
    wrong = harm_of_all(folder)
    figures = {"archives": sum(1 for _ in hostile()), "taken, or something left": len(wrong)}
    return Row("hostile archives unpacked", figures, wrong)


def _pages(folder: Path) -> Row:
    service = web_pages.started(folder)
    try:
        seen = web_pages.tried(service)
    finally:
        service.stop()
    figures = {"origins": seen.origins, "hosts": seen.hosts, "let in": len(seen.wrong)}
    return Row(
        "web pages that fetch or open channels, and names that lead to this machine", figures, seen.wrong
    )


def _credentials(folder: Path) -> Row:
    seen = _on_site(folder, all_tried)
    figures = {
        "kinds": seen.kinds,
        "addresses": seen.addresses,
        "calls": seen.calls,
        **{str(status): count for status, count in sorted(seen.answers.items())},
    }
    return Row("each kind of wrong credential at each address", figures, seen.wrong)


def _canary(folder: Path) -> Row:
    seen = canary.searched(folder)
    return Row("secrets in use, searched for wherever they could stand", dict(canary.told(seen)), seen.found)


def _described(folder: Path) -> Row:
    with asyncio.Runner() as runner:
        living = in_process(folder / "data", _empty(folder))
        service = runner.run(living.__aenter__())
        try:
            told = Teller(runner, runner.run(furnished(service))).tell_all(EXAMPLES)
        finally:
            runner.run(living.__aexit__(None, None, None))
    figures = {
        "operations": told.operations,
        "cases": told.cases,
        "5xx": sum(count for status, count in told.answers.items() if status >= 500),
        "not as described": len(told.wrong),
        "reached": len(told.reached),
    }
    wrong = [f"{failure}: {case}" for failure, case in told.wrong.items()]
    return Row("schemathesis: what the description allows, and what it does not", figures, wrong)


def _walk(folder: Path) -> Row:
    seen = _on_site(folder, lambda site: walked(site, None))
    return Row(
        "what no description can say: broken JSON, lone surrogates, nesting without end",
        {"calls": seen.calls, "5xx": len(seen.bugs), "reached": len(seen.reached)},
        seen.bugs,
    )


def _audit(folder: Path) -> Row:
    found = audit_rows.tampered(_empty(folder), folder, EVENTS)
    late = [] if found.whole_s <= LONGEST_CHECK_S else [f"the check takes {found.whole_s} s"]
    figures = {
        "events": found.events,
        "changes": found.changes,
        "not found at their event": len(found.wrong),
        "check s": found.whole_s,
        "found after s, at most": found.found_s,
    }
    return Row("one thing changed in the audit", figures, found.wrong + late)


SUITES: dict[str, Callable[[Path], Row]] = {
    "guesses": _guesses,
    "enrolments": _enrolments,
    "replays": _replays,
    "set-up": _set_up,
    "archives": _archives,
    "pages": _pages,
    "credentials": _credentials,
    "canary": _canary,
    "described": _described,
    "walk": _walk,
    "audit": _audit,
}


def _empty(folder: Path) -> Path:
    path = folder / "empty.db"
    migrate(path)
    return path


def _on_site(folder: Path, work: Callable[[Site], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with in_process(folder / "data", _empty(folder)) as service:
            return await work(await furnished(service))

    return asyncio.run(run())


def main(names: list[str]) -> int:
    if any(name not in SUITES for name in names):
        sys.stderr.write(f"usage: python -m tests.security [{'|'.join(SUITES)} ...]\n")
        return 2
    logging.disable(logging.ERROR)
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    # What makes a hash strong is its cost, and this is not about hashes.
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    lines = ["| suite | tried | figures | seconds | held |", "|---|---|---|---|---|"]
    sys.stdout.write("\n".join(lines) + "\n")
    held = True
    for name in names or SUITES:
        line, fine = _run(name)
        lines.append(line)
        held = held and fine
    if not names:
        Path(__file__).with_name("RESULTS.md").write_text(_page(lines), "utf-8")
    return 0 if held else 1


def _run(name: str) -> tuple[str, bool]:
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, network.guard(loopback=True):
        row = SUITES[name](Path(folder))
    for one in row.wrong:
        sys.stderr.write(f"{name}: {one}\n")
    figures = ", ".join(f"{key} {value}" for key, value in row.figures.items())
    seconds = round(time.monotonic() - began)
    line = f"| {name} | {row.tried} | {figures} | {seconds} | {'**no**' if row.wrong else 'yes'} |"
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
    return line, not row.wrong


def _page(lines: list[str]) -> str:
    machine = (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"CPython {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}"
    )
    return "\n".join(
        ["# What was tried", "", f"Made by `python -m tests.security` on {machine}.", "", *lines, ""]
    )


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
