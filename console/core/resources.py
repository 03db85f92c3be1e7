"""Where the files that ship with the program lie."""

from __future__ import annotations

import sys
from pathlib import Path


def resource(name: str) -> Path:
    """The path of `resources/<name>`, in a checkout and in the packaged program."""
    packaged = getattr(sys, "_MEIPASS", None)
    root = Path(packaged) if packaged else Path(__file__).resolve().parents[2]
    return root / "resources" / name
