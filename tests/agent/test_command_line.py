"""What the command line says when it cannot do what it is asked for."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from agent import command_line
from agent.selftest import selftest

PIN = "sha256:" + "ab" * 32


def test_the_selftest_passes_here() -> None:
    out = io.StringIO()
    assert selftest(out) == 0, out.getvalue()
    assert out.getvalue().count("ok ") == 5


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["dance"],
        ["run"],
        ["run", "--data-dir", "x", "--server", "http://host:1"],
        ["run", "--data-dir", "x", "--server", "https://host:1/path"],
        ["run", "--data-dir", "x", "--server", "https://host:port"],
        ["run", "--data-dir", "x", "--pin", "ab" * 32],
        ["run", "--data-dir", "x", "--pin", "sha256:xyz"],
        ["install-service"],
    ],
)
def test_a_wrong_command_line_is_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command_line.run(arguments)
    assert ended.value.code == 2
    assert "usage: deployflow-agent" in capsys.readouterr().err


def failed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one sentence of a command that fails."""
    assert command_line.run(list(arguments)) == 1
    sentence = capsys.readouterr().err
    assert sentence.count("\n") == 1
    return sentence


def test_a_device_that_is_not_enrolled_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sentence = failed(capsys, "run", "--data-dir", str(tmp_path / "device"))
    assert "give --server, --pin and --token-file" in sentence
    assert "not enrolled yet" in failed(capsys, "install-service", "--data-dir", str(tmp_path / "device"))


def test_a_folder_that_cannot_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("in the way")
    sentence = failed(capsys, "run", "--data-dir", str(tmp_path / "file" / "device"))
    assert "cannot be written" in sentence
    assert "--data-dir" in sentence


def test_a_token_file_that_is_no_token(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    invited = ["run", "--data-dir", str(tmp_path / "device"), "--server", "https://127.0.0.1:9", "--pin", PIN]
    missing = failed(capsys, *invited, "--token-file", str(tmp_path / "nothing"))
    assert "nothing cannot be read" in missing
    (tmp_path / "empty").write_text("\n")
    assert "token is empty" in failed(capsys, *invited, "--token-file", str(tmp_path / "empty"))


@pytest.mark.parametrize("content", ["", "zz", "ab" * 31])
def test_a_damaged_key_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str) -> None:
    device = tmp_path / "device"
    device.mkdir()
    (device / "identity.key").write_text(content)
    assert "is damaged" in failed(capsys, "run", "--data-dir", str(device))


@pytest.mark.parametrize("content", ["", "{", '{"server": 1}', "[]"])
def test_a_damaged_enrollment_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    device = tmp_path / "device"
    device.mkdir()
    (device / "enrollment.json").write_text(content)
    assert "enrollment.json is damaged" in failed(capsys, "run", "--data-dir", str(device))
