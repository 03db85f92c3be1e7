"""Runs a program with a wall clock that a test can move: `-m tests.faults.jumping_clock FILE MODULE ...`.

FILE holds the offset in seconds as text. The monotonic clocks stay as they are, as they do on a real machine.
"""

from __future__ import annotations

import runpy
import sys
import time
from pathlib import Path

_real_time, _real_time_ns = time.time, time.time_ns


def main() -> None:
    offset_file, module, *arguments = sys.argv[1:]
    path = Path(offset_file)

    def offset() -> int:
        return int(path.read_text())

    time.time = lambda: _real_time() + offset()
    time.time_ns = lambda: _real_time_ns() + offset() * 1_000_000_000
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
