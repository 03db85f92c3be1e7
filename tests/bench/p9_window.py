"""A window as `python -m console` opens it; when things were there, on the machine's monotonic clock.

`window_s`: the frame has been painted and answers keys. `service_s`: the embedded service is ready.
`pages_s`: somebody is signed in and the first page has been painted.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from console.core.local_service import LocalService
from console.service_process import ServiceProcess, ServiceState

WAIT_S = 30.0


def main(folder: Path) -> int:
    service = ServiceProcess(LocalService(folder), ["--key-file", str(folder / "key")])
    service.begin()
    from console import window_process

    return window_process.run_loop(lambda: _watch(service))


async def _watch(service: ServiceProcess) -> int:
    from console import window_process
    from console.demo_preparation import make_owner

    app = window_process.make_app(service, make_owner)
    stamps: dict[str, float] = {}
    app.show()
    app.window.grab()
    await asyncio.sleep(0)
    stamps["window_s"] = time.monotonic()
    service.subscribe(lambda status: _stamp(stamps, status.state))
    await _until(lambda: app.window.workspace is not None and "service_s" in stamps)
    app.window.grab()
    stamps["pages_s"] = time.monotonic()
    sys.stdout.write(json.dumps(stamps))
    app.close()
    await app.closed.wait()
    return 0


def _stamp(stamps: dict[str, float], state: ServiceState) -> None:
    if state is ServiceState.RUNNING:
        stamps.setdefault("service_s", time.monotonic())


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
