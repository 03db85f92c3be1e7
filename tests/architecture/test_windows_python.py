"""What starts Windows programs for tests does not wait for what they leave running."""

import os
import signal
import subprocess
import sys

import pytest

from tests.helpers.windows_python import answers

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Wine is for other systems")


def started(script: str) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    return subprocess.Popen(["sh", "-c", script], stdin=pipe, stdout=pipe, stderr=pipe)


def test_what_a_program_left_running_holds_nobody_up() -> None:
    with started("sleep 60 & echo $!; cat; echo no >&2; exit 3") as program:
        out, err = answers(program, b"hello", 30)
    left, said = out.split(b"\n", 1)
    os.kill(int(left), signal.SIGKILL)
    assert (said, err, program.returncode) == (b"hello", b"no\n", 3)


def test_all_that_it_wrote_is_there() -> None:
    with started("yes 0123456789 | head -c 1000000") as program:
        out, err = answers(program, b"", 30)
    assert (len(out), err) == (1_000_000, b"")


@pytest.mark.parametrize("script", ["sleep 60", "exec >&- 2>&-; exec sleep 60"])
def test_a_program_that_does_not_end_is_given_up(script: str) -> None:
    with started(script) as program:
        with pytest.raises(subprocess.TimeoutExpired):
            answers(program, b"", 0.2)
        program.kill()
