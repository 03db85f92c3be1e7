"""How this program starts itself again: as a runner, as a service, as anything in its command table."""

from __future__ import annotations

import sys
from pathlib import Path

_BOOT = "import sys; sys.path.insert(0, sys.argv.pop(1)); from agent.__main__ import main; sys.exit(main())"


def own_command(*arguments: str, bare: bool = False) -> list[str]:
    """The vector for `<this program> ARGUMENTS`, packaged or not.

    `bare` leaves out everything but the standard library: quicker to start and smaller.
    """
    if getattr(sys, "frozen", False):
        return [sys.executable, *arguments]
    switches = ["-I", "-S"] if bare else ["-I"]
    root = str(Path(__file__).resolve().parent.parent)
    return [sys.executable, *switches, "-X", "utf8", "-c", _BOOT, root, *arguments]


def own_files() -> list[Path]:
    """What whoever is to start this program must be able to read."""
    files = [Path(sys.executable).resolve()]
    return files if getattr(sys, "frozen", False) else [*files, Path(__file__).resolve()]
