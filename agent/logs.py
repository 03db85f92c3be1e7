"""Where the agent writes what it does: a rotating file, and stderr. Never a secret."""

from __future__ import annotations

import logging
import sys
import time
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

_FILE_SIZE = 1 << 20
_FILES = 3


def stop_logging() -> None:
    """Close the file, so that it can be removed."""
    root = logging.getLogger()
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()


class _OneLine(logging.Formatter):
    """Spells out what would begin a line of its own: others have a part in what is written down. A stack is
    pushed in, so that no line of it passes for another event."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        return _spelt(super().formatMessage(record))

    def formatException(self, *stack: Any) -> str:
        return "\n".join(f"    {_spelt(line)}" for line in super().formatException(*stack).splitlines())


def _spelt(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def start_logging(folder: Path) -> None:
    formatter = _OneLine("%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s")
    formatter.converter = time.gmtime
    formatter.default_time_format = "%Y-%m-%dT%H:%M:%S"
    formatter.default_msec_format = None
    handlers: list[logging.Handler] = [
        RotatingFileHandler(
            folder / "agent.log", maxBytes=_FILE_SIZE, backupCount=_FILES, encoding="utf-8", delay=True
        )
    ]
    # A Windows service has no stderr.
    if sys.stderr is not None:
        handlers.append(logging.StreamHandler())
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    for handler in handlers:
        handler.setFormatter(formatter)
        root.addHandler(handler)
    # Its every connection attempt; the session says what counts.
    logging.getLogger("websockets").setLevel(logging.ERROR)
