"""The clock that stands still while the computer sleeps."""

import sys
import time

from backend_lite.core.clock import SystemClock
from tests.helpers.windows_python import WindowsPython

ASK = """
from backend_lite.core.clock import SystemClock
clock = SystemClock()
first = clock.monotonic()
while (second := clock.monotonic()) == first:
    pass
assert 0 < second - first < 60
print("moves")
"""


def test_it_moves_with_the_systems_own() -> None:
    clock = SystemClock()
    assert abs(clock.now_ms() - time.time() * 1000) < 5000
    if sys.platform != "win32":
        assert abs(clock.monotonic() - time.monotonic()) < 5


def test_windows_is_asked_for_the_time_it_was_awake(windows_python: WindowsPython) -> None:
    done = windows_python.run("-c", ASK)
    assert (done.returncode, done.stdout.strip()) == (0, b"moves"), done.stderr
