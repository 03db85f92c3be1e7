import asyncio
import sys

import pytest

from console.core.child import Child
from console.core.processes import is_alive

READS_ALL = "import sys; print(len(sys.stdin.read())); sys.exit(3)"
COMPLAINS = """
import sys
for n in range(100):
    print(n, file=sys.stderr)
print("Port 1 is taken.", file=sys.stderr)
sys.exit(1)
"""
WAITS = "print('ready', flush=True); import time; time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + WAITS


def child(code: str, stdin: bytes = b"") -> Child:
    return Child([sys.executable, "-c", code], stdin)


def test_it_gets_its_stdin_and_says_its_first_line_and_end() -> None:
    async def scene() -> tuple[str, int]:
        made = child(READS_ALL, b"x" * 100_000)
        return (await made.ready()).strip(), await made.wait()

    assert asyncio.run(scene()) == ("100000", 3)


def test_one_that_ends_without_a_word_has_an_empty_first_line() -> None:
    assert asyncio.run(child("pass").ready()) == ""


def test_the_last_complaint_is_the_sentence_and_the_tail_is_short() -> None:
    made = child(COMPLAINS)
    assert asyncio.run(made.wait()) == 1
    assert made.sentence() == "Port 1 is taken."
    assert len(made.tail().splitlines()) == 40


def test_it_ends_when_asked() -> None:
    async def scene() -> Child:
        made = child(WAITS)
        await made.ready()
        assert is_alive(made.pid)
        await made.stop()
        return made

    made = asyncio.run(scene())
    assert made.ended.done()
    assert not is_alive(made.pid)


@pytest.mark.skipif(sys.platform == "win32", reason="there every end is a kill")
def test_one_that_does_not_listen_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.core.child.GRACE_S", 0.1)

    async def scene() -> int:
        made = child(STUBBORN)
        await made.ready()
        await made.stop()
        return made.ended.result()

    assert asyncio.run(scene()) == -9


def test_waiting_can_be_given_up_without_losing_the_end() -> None:
    async def scene() -> int:
        made = child(WAITS)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(made.wait(), 0.05)
        await made.stop()
        return await made.wait()

    assert asyncio.run(scene()) != 0
