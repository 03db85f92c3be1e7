"""The window's own log, beside the service's."""

from __future__ import annotations

import contextlib
import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

SIZE = 1 << 20
KEPT = 3


def open_log(data_dir: Path) -> None:
    """Logs to DIR/logs/console.log; where that cannot be written, there is no log."""
    with contextlib.suppress(OSError):
        folder = data_dir / "logs"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handler = RotatingFileHandler(
            folder / "console.log", maxBytes=SIZE, backupCount=KEPT, encoding="utf-8"
        )
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        root = logging.getLogger()
        root.addHandler(handler)
        root.setLevel(logging.INFO)
        # Every request would be a line, with its address.
        logging.getLogger("httpx").setLevel(logging.WARNING)
