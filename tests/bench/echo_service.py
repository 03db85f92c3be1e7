"""The floor of the agent channel: the service's own listener, and an app that does nothing but echo.

`python -m tests.bench.echo_service FOLDER` prints its address and CA as JSON and serves until its stdin ends.
A frame `go SIZE` makes it send SIZE bytes to everybody; once all have answered, it says so to who asked.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import uvloop

from backend_lite.core.http.listener import Listener, bind
from backend_lite.core.security.ca import open_identity


class Echo:
    """A raw ASGI app."""

    def __init__(self) -> None:
        self._everybody: list[Any] = []
        self._answers = 0
        self._all_answered = asyncio.Event()

    async def __call__(self, _scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
        self._everybody.append(send)
        while (message := await receive())["type"] == "websocket.receive":
            text = message["text"]
            if text.startswith("go "):
                self._broadcasting = asyncio.create_task(self._broadcast(int(text[3:]), send))
            elif text.startswith("a"):
                self._answers -= 1
                if not self._answers:
                    self._all_answered.set()
            else:
                await send({"type": "websocket.send", "text": text, "bytes": None})
        self._everybody.remove(send)

    async def _broadcast(self, size: int, asked: Any) -> None:
        self._answers = len(self._everybody)
        self._all_answered.clear()
        text = "b" * size
        for send in list(self._everybody):
            await send({"type": "websocket.send", "text": text, "bytes": None})
        await self._all_answered.wait()
        await asked({"type": "websocket.send", "text": "done", "bytes": None})


async def _main(folder: Path) -> None:
    identity = open_identity(folder, {"127.0.0.1"})
    listener = Listener(Echo(), [bind("127.0.0.1", 0)], identity.ssl_context)
    await listener.start()
    sys.stdout.write(
        json.dumps({"url": f"https://127.0.0.1:{listener.port}", "ca_pem": identity.ca_pem}) + "\n"
    )
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await listener.stop()


if __name__ == "__main__":
    Path(sys.argv[1]).mkdir(parents=True)
    asyncio.Runner(loop_factory=uvloop.new_event_loop).run(_main(Path(sys.argv[1])))
