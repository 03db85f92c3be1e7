"""What differs between Windows, Linux and macOS, behind names that are the same everywhere."""

from __future__ import annotations

import sys
from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.platform.base import Platform


@cache
def this_platform() -> Platform:
    """The system this program runs on."""
    if sys.platform == "win32":
        from agent.platform.windows import Windows

        return Windows()
    if sys.platform == "darwin":
        from agent.platform.macos import MacOS

        return MacOS()
    from agent.platform.linux import Linux

    return Linux()
