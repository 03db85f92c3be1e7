"""Keeping the management PC awake while there is work."""

import subprocess
import sys

import pytest

from backend_lite.core.keep_awake import HeldByProcess, KeepAwake


class Recorder:
    def __init__(self, *, works: bool = True) -> None:
        self.calls: list[str] = []
        self._works = works

    def hold(self) -> None:
        self.calls.append("hold")
        if not self._works:
            raise FileNotFoundError(2, "No such file or directory", "systemd-inhibit")

    def release(self) -> None:
        self.calls.append("release")


def test_it_is_held_once_from_the_first_work_to_the_last() -> None:
    way = Recorder()
    awake = KeepAwake(way)
    for busy in (False, True, True, False, False, True):
        awake.keep(busy)
    assert way.calls == ["hold", "release", "hold"]


def test_a_system_without_a_way_to_do_it_is_no_trouble() -> None:
    way = Recorder(works=False)
    awake = KeepAwake(way)
    awake.keep(True)
    awake.keep(True)
    awake.keep(False)
    assert way.calls == ["hold", "release"]


@pytest.mark.skipif(sys.platform == "win32", reason="cat is not there")
def test_the_command_lives_as_long_as_it_is_held_and_no_longer() -> None:
    started: list[subprocess.Popen[bytes]] = []

    def popen(*arguments: object, **options: object) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen(*arguments, **options))  # type: ignore[call-overload]
        return started[0]

    way = HeldByProcess(["cat"], popen)
    way.hold()
    assert started[0].poll() is None
    way.release()
    assert started[0].poll() is not None
    way.release()


def test_a_command_that_is_not_there_is_told_as_such() -> None:
    with pytest.raises(FileNotFoundError):
        HeldByProcess(["deployflow-no-such-command"]).hold()
