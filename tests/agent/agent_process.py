"""A real agent in a process of its own."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

from tests.agent.fake_service import PATIENCE_S, FakeService

TYPE_CHECKING = False
if TYPE_CHECKING:
    import psutil

    from tests.helpers.windows_python import WindowsPython

ROOT = Path(__file__).resolve().parents[2]


class AgentProcess:
    """`python -m agent run`, as often as a test likes, on one data folder; here or on a Windows."""

    def __init__(self, service: FakeService, folder: Path, windows: WindowsPython | None = None) -> None:
        self._service = service
        self.folder = folder
        self._windows = windows
        self._process: subprocess.Popen[bytes] | None = None

    def _arguments(self) -> list[str]:
        token_file = self.folder.with_suffix(".token")
        token_file.write_text("good-token\n")
        return [
            *("-m", "agent", "run", "--data-dir", self._path(self.folder)),
            *("--server", self._service.url, "--pin", self._service.pin),
            *("--token-file", self._path(token_file)),
        ]

    def _path(self, path: Path) -> str:
        return self._windows.path(path) if self._windows else str(path)

    def start(self) -> None:
        """Start it and wait until it is connected."""
        before = len(self._service.heartbeats)
        self.start_only()
        self._service.wait(
            lambda: self._ended() or len(self._service.heartbeats) > before, "the agent to connect"
        )
        assert not self._ended(), self.log

    def start_only(self) -> None:
        assert self._process is None
        if self._windows:
            self._process = self._windows.start(*self._arguments())
        else:
            pipe = subprocess.PIPE
            self._process = subprocess.Popen(
                [sys.executable, *self._arguments()], cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe
            )
        for stream in (self._process.stdout, self._process.stderr):
            threading.Thread(target=self._keep, args=(stream,), daemon=True).start()

    def _keep(self, stream: IO[bytes]) -> None:
        with stream, self.folder.with_suffix(".log").open("ab", buffering=0) as log:
            for line in stream:
                log.write(line)

    def _ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def host_of_runners(self) -> psutil.Process:
        """The one process that it always keeps; another may look what is installed."""
        import psutil

        for child in psutil.Process(self.pid).children():
            with contextlib.suppress(psutil.Error):
                if "runner" in child.cmdline():
                    return child
        raise AssertionError("there is no host of runners")

    def kill(self) -> None:
        """As a crash does it: no chance to tidy up."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """As an administrator does it; returns the exit code."""
        return self._end(signal.SIGTERM)

    def wait(self) -> int:
        """Until it ends by itself; returns the exit code."""
        process, self._process = self._process, None
        assert process is not None
        assert process.stdin is not None
        code = process.wait(PATIENCE_S)
        process.stdin.close()
        return code

    def _end(self, number: int) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(number)
        assert process.stdin is not None
        process.stdin.close()
        return process.wait(PATIENCE_S)

    @property
    def log(self) -> str:
        return self.folder.with_suffix(".log").read_text()

    def attempt_folders(self) -> list[str]:
        return sorted(path.name for path in (self.folder / "attempts").iterdir())
