"""Logs: lines of JSON on disk, and no secret in them."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from backend_lite.core.logging import configure_logging

CANARY = "canary-5f2c"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    root = logging.getLogger()
    handlers, level, configuration = root.handlers, root.level, structlog.get_config()
    configure_logging(tmp_path)
    yield tmp_path
    for handler in root.handlers:
        handler.close()
    root.handlers = handlers
    root.setLevel(level)
    structlog.configure(**configuration)


def lines(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "service.log").read_text("utf-8").splitlines()]


def test_a_line_says_when_where_and_what(folder: Path) -> None:
    structlog.get_logger("somewhere").warning("something happened", device=7)
    (line,) = lines(folder)
    assert (line["event"], line["device"], line["level"], line["logger"]) == (
        "something happened",
        7,
        "warning",
        "somewhere",
    )
    assert str(line["timestamp"]).endswith("Z")


def test_the_standard_library_s_lines_come_along(folder: Path) -> None:
    logging.getLogger("uvicorn.error").error("something else")
    assert lines(folder)[0]["event"] == "something else"


@pytest.mark.parametrize(
    "key", ["password", "new_password", "access_token", "secret", "Authorization", "otp", "private_key"]
)
def test_what_is_named_like_a_secret_is_masked(
    folder: Path, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    structlog.get_logger().info("log-in", **{key: CANARY})
    assert lines(folder)[0][key] == "***"
    assert CANARY not in (folder / "service.log").read_text("utf-8") + capsys.readouterr().err


def test_a_stack_is_in_the_file(folder: Path) -> None:
    try:
        int("the cause")
    except ValueError:
        structlog.get_logger().exception("failed")
    assert "ValueError: invalid literal" in str(lines(folder)[0]["exception"])
