"""Starting and stopping our programs on Windows, where an end by signal is a matter of consoles."""

from tests.helpers.windows_python import WindowsPython

STOPS_A_LISTENER = r"""
import asyncio, sys
from console.core.child import GRACE_S, Child
from console.core.processes import is_alive

LISTENS = '''
import signal, sys, time
def stop(*_):
    print("stopping", flush=True)
    sys.exit(7)
signal.signal(signal.SIGBREAK, stop)
print("ready", flush=True)
while True:
    time.sleep(0.05)
'''

async def scene():
    child = Child([sys.executable, "-c", LISTENS], b"")
    assert (await child.ready()).strip() == "ready"
    assert is_alive(child.pid)
    async with asyncio.timeout(GRACE_S / 2):
        await child.stop()
    print("ended", is_alive(child.pid))

asyncio.run(scene())
"""


def test_a_child_ends_when_asked(windows_python: WindowsPython) -> None:
    """Whether in order cannot be seen here: Wine delivers no Ctrl+Break, so it is ended by force."""
    done = windows_python.run("-c", STOPS_A_LISTENER)
    assert done.stdout.decode().split() == ["ended", "False"], done.stderr.decode()
