"""The listener for agents: its leaf is renewed while it runs."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from backend_lite.core.http import agent_listener
from backend_lite.core.http.agent_listener import LOOPBACK, AgentListener
from backend_lite.core.security import ca

pytestmark = [pytest.mark.anyio, pytest.mark.sockets]


async def _app(_scope: Any, _receive: Any, _send: Any) -> None:
    pass


async def _forget(_host: str, _port: int) -> None:
    pass


@pytest.fixture
async def listener(tmp_path: Path) -> AsyncIterator[AgentListener]:
    made = AgentListener(tmp_path, LOOPBACK)
    await made.start(_app, 0, 0, _forget)
    yield made
    await made.stop()


async def connected(listener: AgentListener) -> tuple[bytes, asyncio.StreamWriter]:
    """A connection that trusts the CA alone; first the hash of the leaf that it was shown."""
    trust = ssl.create_default_context(cadata=listener.identity.ca_pem)
    _, writer = await asyncio.open_connection(LOOPBACK, listener.port, ssl=trust)
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    return hashlib.sha256(shown).digest(), writer


async def test_a_leaf_that_ends_soon_is_renewed_without_a_restart(
    listener: AgentListener, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, standing = await connected(listener)
    await listener.renew()
    assert listener.identity.leaf_sha256 == first, "a young leaf stays"
    with monkeypatch.context() as later:
        later.setattr(ca, "_RENEW_BEFORE", timedelta(days=1_000))
        await listener.renew()
    second, another = await connected(listener)
    assert (second != first, listener.identity.leaf_sha256) == (True, second)
    assert not standing.is_closing()
    for writer in (standing, another):
        writer.close()
        await writer.wait_closed()


async def test_the_running_listener_looks_for_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = asyncio.Event()

    class Watched(AgentListener):
        async def renew(self) -> None:
            looked.set()
            raise OSError("the disk is full")

    monkeypatch.setattr(agent_listener, "_LOOK_S", 0)
    running = Watched(tmp_path, LOOPBACK)
    await running.start(_app, 0, 0, _forget)
    await asyncio.wait_for(looked.wait(), 10)
    looked.clear()
    await asyncio.wait_for(looked.wait(), 10)
    await running.stop()
