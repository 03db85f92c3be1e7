"""A window's parts around a fake service, on a fresh loop for each test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import qasync

from backend_lite.contract.access import User
from console.core.client import ApiClient
from console.core.live import LiveState, LiveStore
from console.core.session import Session
from console.shell.context import Context
from console.shell.navigator import Navigator
from console.shell.notices import Bug, Notice, Notices
from console.shell.op_runner import OpRunner
from console.shell.theme import theme
from console.shell.window_state import open_settings
from tests.helpers.fake_service import FakeApi, FakeLive
from tests.helpers.qt_loop import loop, run
from tests.helpers.waiting import until

__all__ = ["loop", "run"]

NOW = datetime(2026, 3, 4, 10, 42, 7, tzinfo=UTC)
OWNER = User("1", "owner", None, None, True, "2026-03-01T08:00:00.000Z", None)


@dataclass
class World:
    """A context whose service is fake; what was said to the person is kept."""

    context: Context
    api: FakeApi
    live: FakeLive
    notices: list[Notice] = field(default_factory=list)
    bugs: list[Bug] = field(default_factory=list)

    async def go_live(self, **kinds: list[dict[str, Any]]) -> None:
        """Connects, and hands over a snapshot of these objects."""
        self.live.snapshot(1, **kinds)
        self.context.live.start()
        await until(lambda: self.context.live.state is LiveState.LIVE, "the live stream")


@pytest.fixture
def world(loop: qasync.QEventLoop, tmp_path: Path) -> Iterator[World]:
    api, live = FakeApi(), FakeLive()
    client = ApiClient("http://127.0.0.1:1", transport=api.transport)
    notices = Notices()
    worn = theme()
    worn.apply("light")
    context = Context(
        client=client,
        live=LiveStore(client, delay=lambda _attempt: 0.0, connect=live.connect),
        ops=OpRunner(notices),
        navigator=Navigator(),
        notices=notices,
        theme=worn,
        settings=open_settings(tmp_path / "window.ini"),
        session=Session(client),
        clock=lambda: NOW,
    )
    made = World(context, api, live)
    notices.noticed.connect(made.notices.append)
    notices.bug_found.connect(made.bugs.append)
    yield made
    loop.run_until_complete(context.ops.stop())
    loop.run_until_complete(context.live.stop())
    loop.run_until_complete(client.aclose())
