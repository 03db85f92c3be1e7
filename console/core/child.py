"""A program that the window started: its first line, the tail of what it complained about, its end."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import IO, Any

TAIL_LINES = 40
GRACE_S = 6.0


def program(module: str, executable: str) -> list[str]:
    """How to start one of our programs: by its module in a checkout, as a file beside us when packaged."""
    if getattr(sys, "frozen", False):
        suffix = ".exe" if sys.platform == "win32" else ""
        return [str(Path(sys.executable).with_name(executable + suffix))]
    return [sys.executable, "-m", module]


class Child:
    """Starts at once and is read by threads, so that it can be made before there is any loop.

    `first_line` is done with its first line on stdout, or an empty one when it ends without; `ended` with
    its exit code. `stdin` is handed over and closed.
    """

    def __init__(self, command: Sequence[str], stdin: bytes = b"") -> None:
        self.first_line: Future[str] = _running()
        self.ended: Future[int] = _running()
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # Our programs are found beside this one, wherever the window was started.
            cwd=Path(__file__).resolve().parents[2],
            # A Ctrl+C in the terminal is the window's: it stops its children itself.
            start_new_session=sys.platform != "win32",
            creationflags=_creation_flags(),
        )
        threading.Thread(target=self._watch, args=(stdin,), name=f"watch {command[0]}", daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def tail(self) -> str:
        return "\n".join(self._tail)

    def sentence(self) -> str:
        """The last line on stderr: our programs end a failure with the sentence for a person."""
        return next((line.strip() for line in reversed(self._tail) if line.strip()), "")

    async def ready(self) -> str:
        line: str = await asyncio.wrap_future(self.first_line)
        return line

    async def wait(self) -> int:
        code: int = await asyncio.wrap_future(self.ended)
        return code

    async def stop(self) -> None:
        """Asks it to end, and kills it when it does not within a few seconds."""
        if not self.ended.done():
            self._ask()
            try:
                await asyncio.wait_for(self.wait(), GRACE_S)
            except TimeoutError:
                self._process.kill()
        await self.wait()

    def _ask(self) -> None:
        if sys.platform != "win32" or not _send_break(self.pid):
            self._process.terminate()

    def _watch(self, stdin: bytes) -> None:
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        complaints = threading.Thread(target=self._read_tail, args=(process.stderr,), daemon=True)
        complaints.start()
        _hand_over(process.stdin, stdin)
        with process.stdout as stdout:
            self.first_line.set_result(stdout.readline().decode("utf-8", "replace"))
            for _ in stdout:
                pass
        code = process.wait()
        # A grandchild may hold stderr open for ever.
        complaints.join(1.0)
        self.ended.set_result(code)

    def _read_tail(self, stderr: IO[bytes]) -> None:
        with stderr:
            for line in stderr:
                self._tail.append(line.decode("utf-8", "replace").rstrip())


def _hand_over(stdin: IO[bytes], data: bytes) -> None:
    try:
        with stdin:
            stdin.write(data)
    except OSError:
        pass  # It ended before it read: its exit code tells.


def _running() -> Future[Any]:
    # A running future cannot be cancelled by one of its waiters.
    future: Future[Any] = Future()
    future.set_running_or_notify_cancel()
    return future


def _creation_flags() -> int:
    if sys.platform == "win32":
        return subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
    return 0


if sys.platform == "win32":

    def _send_break(pid: int) -> bool:
        """Ctrl+Break to a child that has a hidden console of its own: only who shares it may send there."""
        import ctypes

        parents_console, ctrl_break = 0xFFFFFFFF, 1
        kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel32.FreeConsole()
        sent = kernel32.AttachConsole(pid) and kernel32.GenerateConsoleCtrlEvent(ctrl_break, pid)
        kernel32.FreeConsole()
        kernel32.AttachConsole(parents_console)
        return bool(sent)
