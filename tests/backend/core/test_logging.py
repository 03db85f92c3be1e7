"""Logs: lines of JSON on disk, and no secret in them."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from backend_lite.core.logging import configure_logging

CANARY = "canary-5f2c"


# capsys takes the place of stderr anew for the body of a test: what looks there configures once more.
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
    configure_logging(folder)
    structlog.get_logger().info("log-in", **{key: CANARY})
    assert lines(folder)[0][key] == "***"
    shown = capsys.readouterr().err
    assert "log-in" in shown
    assert CANARY not in (folder / "service.log").read_text("utf-8") + shown


def test_a_stack_is_in_the_file(folder: Path) -> None:
    try:
        int("the cause")
    except ValueError:
        structlog.get_logger().exception("failed")
    assert "ValueError: invalid literal" in str(lines(folder)[0]["exception"])


FORGED = "x\n2026-01-01T00:00:00Z [info     ] all is well\r\x1b[2J\x9b1m\u2028y"


def test_nobody_forges_a_line_or_talks_to_the_terminal(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(folder)
    structlog.get_logger().warning("refused", path=FORGED)
    logging.getLogger("library").warning("got %s", FORGED)
    shown = capsys.readouterr().err
    assert len(shown.splitlines()) == 2
    assert all(one.isprintable() for one in shown.splitlines())
    assert "\\n2026-01-01" in shown
    written = (folder / "service.log").read_text("utf-8")
    assert len(written.splitlines()) == 2
    assert lines(folder)[0]["path"] == FORGED


def test_a_line_of_a_stack_is_no_event(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(folder)
    try:
        int(FORGED)
    except ValueError as error:
        structlog.get_logger().error("failed", exc_info=ValueError(f"{error} {FORGED}"))
    first, *stack = capsys.readouterr().err.splitlines()
    assert "failed" in first
    assert stack and all(one.startswith("    ") and one.isprintable() for one in stack)
