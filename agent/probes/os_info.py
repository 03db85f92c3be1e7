"""Names, people and times."""

from __future__ import annotations

import platform
import socket
import sys
import time

import psutil


def hostname() -> str:
    return socket.gethostname()


def architecture() -> str:
    """As Linux says it, everywhere: x86_64, aarch64."""
    if sys.platform == "win32":
        import os

        machine = os.environ.get("PROCESSOR_ARCHITEW6432") or os.environ.get("PROCESSOR_ARCHITECTURE", "")
    else:
        machine = platform.machine()
    return {"amd64": "x86_64", "arm64": "aarch64", "x86": "i686"}.get(machine.lower(), machine)


def signed_in() -> tuple[str, ...]:
    try:
        return tuple(sorted({user.name for user in psutil.users()}))
    except OSError:
        return ()


def booted_at() -> int:
    """When the system started, in milliseconds since the epoch."""
    return int(psutil.boot_time() * 1000)


def uptime_s() -> int:
    return max(0, int(time.time() - psutil.boot_time()))
