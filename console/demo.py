"""`--demo`: a service of its own, this PC as its first device, the starter library, and the window.

Without a display the same window runs offscreen, and `demo_tour` is the person in front of it.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from console.core.local_service import LocalService, default_data_dir
from console.service_process import ServiceProcess

OFFSCREEN = "offscreen"


def demo(data_dir: Path | None, screenshots: Path | None, display: bool) -> int:
    """The exit code; the data folder is kept, so that the next demo goes on where this one ended."""
    folder = (data_dir or default_data_dir("DeployFlow Demo")).absolute()
    service = ServiceProcess(LocalService(folder), ["--key-file", str(folder / "demo.key")])
    service.begin()
    if not display:
        os.environ["QT_QPA_PLATFORM"] = OFFSCREEN
    headless = os.environ.get("QT_QPA_PLATFORM") == OFFSCREEN
    try:
        from console import window_process
    except ImportError as error:
        sys.stderr.write(
            f"The window cannot be loaded: {error}. `build_spec/dev.py setup` says what is missing.\n"
        )
        return 1

    async def on_display() -> int:
        from console.demo_preparation import make_owner, prepare

        app = window_process.make_app(service, make_owner)
        app.show()
        preparation = asyncio.ensure_future(prepare(app))
        await app.closed.wait()
        preparation.cancel()
        return 0

    async def without_display() -> int:
        from console.demo_preparation import make_owner
        from console.demo_tour import tour

        app = window_process.make_app(service, make_owner)
        return await tour(app, screenshots or folder / "screenshots")

    return window_process.run_loop(without_display if headless else on_display)
