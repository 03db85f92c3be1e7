"""P11, the window's part: 100 MB of a real agent's output, from a real service, on the page of its run."""

from __future__ import annotations

import asyncio
import os
import resource
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import qasync
from PySide6.QtWidgets import QApplication

from console.core.client import ApiClient
from console.core.live import LiveStore
from console.core.session import Session
from console.features.runs.run_page import RunPage
from console.shell.context import Context
from console.shell.navigator import Navigator
from console.shell.notices import Notices
from console.shell.op_runner import OpRunner
from console.shell.theme import theme
from console.shell.window_state import open_settings
from tests.bench.figures import median, result
from tests.helpers.processes import Api, fleet
from tests.helpers.waiting import until

BUDGET_MS = 300.0
TIMES = 5
LINES = 1_300_000
LINE = "some of the words that a long installation writes about what it does"
SCRIPT = f"""awk 'BEGIN {{ for (i = 1; i <= %d; i++) printf "%%08d {LINE}\\n", i }}'"""
WRITTEN_S = 240.0


def run() -> dict[str, Any]:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as folder, fleet(Path(folder)) as (_, _, api, device):
        small, large = (_written(api, device, lines) for lines in (LINES // 100, LINES))
        reached = _measure(api, Path(folder), small, large)
    return result("100 MB of output opened in the window", {"open_ms": BUDGET_MS}, reached)


def _written(api: Api, device: int, lines: int) -> int:
    """The id of a run that has written so many lines."""
    script = api.make_script(f"{lines} lines", SCRIPT % lines)
    run = api.ended(api.start(script, device), WRITTEN_S)
    assert run["steps"][0]["stdout_size"] == lines * (len(LINE) + 10), run
    return int(run["id"])


def _measure(api: Api, folder: Path, small: int, large: int) -> dict[str, float]:
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    theme().apply("light")
    loop = qasync.QEventLoop(app)
    asyncio.set_event_loop(loop)
    with loop:
        reached: dict[str, float] = loop.run_until_complete(_story(api, folder, small, large))
    return reached


async def _story(api: Api, folder: Path, small: int, large: int) -> dict[str, float]:
    client = ApiClient(api.url, api.token)
    notices = Notices()
    context = Context(
        client=client,
        live=LiveStore(client),
        ops=OpRunner(notices),
        navigator=Navigator(),
        notices=notices,
        theme=theme(),
        settings=open_settings(folder / "window.ini"),
        session=Session(client),
        clock=lambda: datetime.now(UTC),
    )
    page = RunPage(context)
    page.resize(1280, 800)
    page.show()
    try:
        await _opened(page, small, LINES // 100)
        memory = _memory_mb()
        opened = [await _open_again(page, small, large) for _ in range(TIMES)]
        first = await _took(lambda: _beginning(page))
        found = await _took(lambda: _searched(page))
        grown = _memory_mb() - memory
    finally:
        page.hide()
        await context.ops.stop()
        await client.aclose()
    return {
        "open_ms": round(median(opened), 1),
        "worst_open_ms": round(max(opened), 1),
        "to_first_line_ms": round(first, 1),
        "search_all_ms": round(found, 1),
        "window_grows_mb": round(grown, 1),
    }


async def _took(work: Callable[[], Awaitable[None]]) -> float:
    begin = time.perf_counter()
    await work()
    return (time.perf_counter() - begin) * 1000


async def _open_again(page: RunPage, small: int, large: int) -> float:
    await _opened(page, small, LINES // 100)
    return await _took(lambda: _opened(page, large, LINES))


async def _opened(page: RunPage, run_id: int, last: int) -> None:
    """Until the last line is painted."""
    page.show_target(str(run_id))
    await until(lambda: _last_line(page).startswith(f"{last:08d}"), "last line", 30)
    page.grab()


async def _beginning(page: RunPage) -> None:
    page.output.start_wanted.emit()
    await until(lambda: page.output.text.lines[0].text.startswith("00000001"), "first line", 30)
    page.grab()


async def _searched(page: RunPage) -> None:
    """For a line in the middle, then to it."""
    matches = page.output.matches
    matches.begin("line")
    page.output.search_wanted.emit(f"{LINES // 2:08d} some", False)
    await until(lambda: "1 line" in matches.count.text() and matches.list.count() == 1, "the one match", 60)
    matches.list.itemActivated.emit(matches.list.item(0))
    wanted = f"{LINES // 2:08d}"
    await until(lambda: page.output.text.textCursor().selectedText().startswith(wanted), "its place", 30)


def _last_line(page: RunPage) -> str:
    return page.output.text.lines[-1].text if page.output.text.lines else ""


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    print(run())  # noqa: T201
