"""The agent's log: whoever has a part in a line makes no other of it."""

from __future__ import annotations

import logging
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

import pytest

from agent.logs import start_logging

FORGED = "x\n2026-01-01T00:00:00.000Z INFO agent: all is well\r\x1b[2J\u2028y"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    start_logging(tmp_path)
    return tmp_path / "agent.log"


def test_nobody_forges_a_line(file: Path) -> None:
    logging.getLogger("agent").warning("refused: %s", FORGED)
    (line,) = file.read_text("utf-8").splitlines()
    assert line.isprintable()
    assert "refused: x\\n2026-01-01" in line


def fail() -> None:
    raise ValueError(FORGED)


def test_a_line_of_a_stack_is_no_event(file: Path) -> None:
    try:
        fail()
    except ValueError:
        record = logging.LogRecord("agent", logging.ERROR, "", 1, "failed", None, sys.exc_info())
    # A record keeps the text that the first handler makes of its stack, and that is the test runner's.
    handler = next(one for one in logging.getLogger().handlers if isinstance(one, RotatingFileHandler))
    handler.emit(record)
    first, *stack = file.read_text("utf-8").splitlines()
    assert first.endswith("failed")
    assert stack and all(line.startswith("    ") and line.isprintable() for line in stack)
