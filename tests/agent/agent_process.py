"""A real agent in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from tests.agent.fake_service import PATIENCE_S, FakeService

ROOT = Path(__file__).resolve().parents[2]


class AgentProcess:
    """`python -m agent run`, as often as a test likes, on one data folder."""

    def __init__(self, service: FakeService, folder: Path) -> None:
        self._service = service
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def command(self, *, token: str = "good-token", pin: str | None = None) -> list[str]:
        token_file = self.folder.with_suffix(".token")
        token_file.write_text(token + "\n")
        return [
            *(sys.executable, "-m", "agent", "run", "--data-dir", str(self.folder)),
            *("--server", self._service.url, "--pin", pin or self._service.pin),
            *("--token-file", str(token_file)),
        ]

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
        with self.folder.with_suffix(".stderr").open("ab") as stderr:
            self._process = subprocess.Popen(self.command(), cwd=ROOT, stderr=stderr)

    def _ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """As a crash does it: no chance to tidy up."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """As an administrator does it; returns the exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number: int) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(number)
        return process.wait(PATIENCE_S)

    @property
    def log(self) -> str:
        return self.folder.with_suffix(".stderr").read_text()

    def attempt_folders(self) -> list[str]:
        return sorted(path.name for path in (self.folder / "attempts").iterdir())
