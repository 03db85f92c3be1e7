"""Structured logs: JSON lines in DIR/logs with rotation, readable lines on stderr, secrets masked."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import structlog

_MASKED_KEYS = ("password", "secret", "token", "authorization", "private_key", "otp")
_MASK = "***"
_OURS = "backend_lite"
_FILE_SIZE = 10 << 20
_FILES = 5


def configure_logging(folder: Path | None) -> None:
    """Send every log line to stderr, and to `folder`/service.log when there is one."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        mask_secrets,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    readable = structlog.dev.ConsoleRenderer(colors=False)
    handlers[0].setFormatter(_formatter(shared, in_one_line, readable))
    if folder is not None:
        file = RotatingFileHandler(
            folder / "service.log", maxBytes=_FILE_SIZE, backupCount=_FILES, encoding="utf-8", delay=True
        )
        file.setFormatter(_formatter(shared, structlog.processors.JSONRenderer()))
        handlers.append(file)
    root = logging.getLogger()
    root.handlers = handlers
    set_level("info")
    # Their lines on every start say nothing that ours do not.
    for chatty in ("alembic", "uvicorn"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def set_level(level: str) -> None:
    """The least important lines that are written: `debug`, `info`, `warning` or `error`."""
    number = logging.getLevelNamesMapping()[level.upper()]
    logging.getLogger(_OURS).setLevel(number)
    # Libraries that tell every detail tell secrets as well.
    logging.getLogger().setLevel(max(number, logging.INFO))


def mask_secrets(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace the values of keys that sound like secrets."""
    for key in line:
        if any(word in key.lower() for word in _MASKED_KEYS):
            line[key] = _MASK
    return line


def in_one_line(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Spell out what would begin a line of its own or tell the terminal something: paths and names come from
    strangers. A stack is pushed in, so that no line of it passes for another event."""
    for key, value in line.items():
        if key == "exception":
            line[key] = "\n".join(f"    {_spelt(one)}" for one in str(value).splitlines())
        elif isinstance(value, str):
            line[key] = _spelt(value)
    return line


def _spelt(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def _formatter(shared: list[Any], *ends: Any) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ends],
    )
