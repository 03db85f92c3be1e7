"""P9: from the start of the process to a usable window, and to an embedded service that is ready."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.figures import median, result

TIMES = 7


def run() -> dict[str, Any]:
    """Seconds, the median of some starts on a folder that is there; the first start makes it."""
    with tempfile.TemporaryDirectory() as folder:
        first = _start(Path(folder))
        starts = [_start(Path(folder)) for _ in range(TIMES)]
    reached = {name: round(median([start[name] for start in starts]), 3) for name in starts[0]}
    return result(
        "console: process start to usable window, service ready",
        {"window_s": 1.0, "service_s": 1.5},
        reached,
        first_start={name: round(value, 3) for name, value in first.items()},
    )


def _start(folder: Path) -> dict[str, float]:
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.p9_window", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=60,
        check=True,
    )
    stamps: dict[str, float] = json.loads(done.stdout)
    return {name: at - started for name, at in stamps.items()}
