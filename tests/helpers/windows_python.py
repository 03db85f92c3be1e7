"""A real Windows CPython 3.11 under Wine, so that the agent's Windows side runs on Linux too.

What Wine is not: `powershell.exe` there is a stub that prints nothing and returns 0, so a success from it
proves nothing; Qt and `cryptography` do not load.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class WindowsPython:
    folder: Path

    @property
    def program(self) -> Path:
        return self.folder / "python" / "python.exe"

    def path(self, path: Path) -> str:
        """How Windows calls a path of this machine."""
        return str(PureWindowsPath("Z:", path.absolute()))

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "USER") if name in os.environ}
        return {
            **kept,
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": self.path(ROOT),
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree=;mshtml=;winemenubuilder.exe=",
            "WINEPREFIX": str(self.folder / "prefix"),
            **more,
        }

    def start(self, *arguments: str, cwd: Path = ROOT, **environment: str) -> subprocess.Popen[bytes]:
        """Start the interpreter with `arguments`; all three streams are pipes, as Wine needs them to be."""
        return subprocess.Popen(
            ["wine", str(self.program), *arguments],
            cwd=cwd,
            env=self.environment(**environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(
        self, *arguments: str, stdin: bytes = b"", timeout: float = 120, cwd: Path = ROOT, **environment: str
    ) -> subprocess.CompletedProcess[bytes]:
        """Run to the end; kills and raises subprocess.TimeoutExpired after `timeout` seconds."""
        with self.start(*arguments, cwd=cwd, **environment) as process:
            try:
                out, err = answers(process, stdin, timeout)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def keep_warm(self) -> None:
        """Let Wine outlive its last program for two minutes: a start takes 0.1 s then, else 1.5 s."""
        self._silently("wineserver", "--persistent=120")
        # Wine's services inherit the streams of its first program: these must not be a test's pipes.
        self._silently("wine", "cmd", "/c", "exit")

    def _silently(self, *command: str) -> None:
        nothing = subprocess.DEVNULL
        subprocess.run(
            command, env=self.environment(), stdin=nothing, stdout=nothing, stderr=nothing, check=False
        )


def answers(process: subprocess.Popen[bytes], stdin: bytes, timeout: float) -> tuple[bytes, bytes]:
    """What `process` writes until it ends. What it left running may hold its streams for ever: that is not
    waited for."""
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(stdin)
        process.stdin.close()
    texts = {process.stdout.fileno(): bytearray(), process.stderr.fileno(): bytearray()}
    deadline = time.monotonic() + timeout
    with selectors.DefaultSelector() as streams:
        for stream in texts:
            streams.register(stream, selectors.EVENT_READ)
        while streams.get_map():
            ended = process.poll() is not None
            ready = streams.select(0 if ended else 0.02)
            for key, _ in ready:
                said = os.read(key.fd, 1 << 16)
                texts[key.fd] += said
                if not said:
                    streams.unregister(key.fd)
            if ended and not ready:
                break
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(process.args, timeout)
    process.wait(max(deadline - time.monotonic(), 0.1))
    out, err = texts.values()
    return bytes(out), bytes(err)
