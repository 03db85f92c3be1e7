import pytest

from console.__main__ import main


@pytest.mark.parametrize(
    "arguments",
    [["--server", "https://x"], ["--pin", "sha256:0"], ["--screenshots", "x"], ["--unknown"], ["file"]],
)
def test_a_wrong_command_line_is_2_with_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: deployflow" in capsys.readouterr().err


def test_a_service_elsewhere_is_refused_in_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--server", "https://x", "--pin", "sha256:0"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "--data-dir" in said.err
    assert len(said.err.splitlines()) == 1


@pytest.mark.skipif("sys.platform != 'linux'", reason="elsewhere there is always a display")
def test_without_a_display_it_says_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert main([]) == 1
    assert "--demo" in capsys.readouterr().err
