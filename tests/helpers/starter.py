"""Scripts of the starter library carried out as the agent does it, on this machine or on a copy of it."""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agent.attempt_folder import AttemptFolder
from agent.handlers import run_script
from agent.wire.messages import Offer
from backend_lite.contract.library import ScriptCreate
from backend_lite.contract.parameters import PlainValue
from console.core.starter_library import starter_scripts

LIBRARY = {script.name: script for script in starter_scripts()}
HANDLERS = {"bash": run_script.shell, "sh": run_script.shell, "python": run_script.python}
WAIT_S = 60

# A copy of this machine in namespaces of its own: whatever is done there is gone with it.
_SET_UP = """
set -e
umask 022
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
mount -t proc proc "$1/root/proc"
mount --rbind /dev "$1/root/dev"
mount -t tmpfs tmpfs "$1/root/tmp"
mount -t tmpfs tmpfs "$1/root/var/tmp"
mkdir -p "$1/root/$2"
mount --bind "$2" "$1/root/$2"
exec chroot "$1/root" sh -c 'echo ready; exec sleep infinity'
"""


@dataclass
class Place:
    """Where scripts are carried out. `prefix` is what a command is started with; what `stand_in` names is
    found before the real program."""

    folder: Path
    prefix: list[str] = field(default_factory=list)
    count: int = 0

    @property
    def stand_ins(self) -> Path:
        return self.folder / "stand-ins"

    def stand_in(self, name: str, body: str = "") -> None:
        """A program that notes how it was called, and then does `body` (sh)."""
        self.stand_ins.mkdir(exist_ok=True)
        program = self.stand_ins / name
        note = f'echo "{name} $*" >>{shlex.quote(str(self.folder / "calls"))}'
        program.write_text(f"#!/bin/sh\n{note}\n{body}\n", "utf-8")
        program.chmod(0o755)

    def calls(self) -> list[str]:
        """How stand-ins were called since the last time."""
        notes = self.folder / "calls"
        lines = notes.read_text("utf-8").splitlines() if notes.exists() else []
        notes.write_text("", "utf-8")
        return lines

    def run(
        self, name: str, part: str = "content", /, **values: PlainValue
    ) -> subprocess.CompletedProcess[str]:
        """The script, or its detect or undo, with its defaults and `values`."""
        script = LIBRARY[name]
        text = getattr(script, part)
        assert text is not None, f"{name} has no {part}"
        self.count += 1
        attempt = self.folder / f"attempt-{self.count}"
        offer = Offer("1", script.language, text, 60.0, parameters=given(script, values))
        job = HANDLERS[script.language](offer, str(attempt), {})
        place = AttemptFolder(str(attempt))
        for file, content in job.files.items():
            target = Path(place.work_file(file))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        return self._started(job.argv, job.environment, Path(place.work_file(".")))

    def shell(self, line: str) -> str:
        """What a command line writes there; AssertionError when it fails."""
        done = self._started(["sh", "-c", line], {}, self.folder)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def _started(
        self, argv: list[str], environment: Mapping[str, str], folder: Path
    ) -> subprocess.CompletedProcess[str]:
        path = f"{self.stand_ins}{os.pathsep}{os.environ['PATH']}{os.pathsep}/usr/sbin{os.pathsep}/sbin"
        return subprocess.run(
            [*self.prefix, *argv],
            cwd=folder,
            env={**os.environ, **environment, "PATH": path, "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=WAIT_S,
            check=False,
        )


def given(script: ScriptCreate, values: Mapping[str, PlainValue]) -> dict[str, PlainValue]:
    """As the service completes them."""
    names = {one.name for one in script.parameters}
    assert set(values) <= names, f"{script.name} has {names}"
    defaults = {one.name: one.default for one in script.parameters if one.default is not None}
    return {**defaults, **values}


@contextlib.contextmanager
def copy_of_this_machine(folder: Path) -> Iterator[Place]:
    """A place where everything may be changed, with no network; skips where this user cannot have one."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("a copy of the machine to change needs root on Linux")
    inside, shared = folder / "machine", folder / "shared"
    inside.mkdir()
    shared.mkdir()
    command = ["unshare", "--mount", "--net", "--uts", "--ipc", "--pid", "--fork", "--kill-child"]
    process = subprocess.Popen(
        [*command, "sh", "-c", _SET_UP, "sh", str(inside), str(shared)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            if process.stdout.readline() != "ready\n":
                pytest.skip(f"this machine gives no namespaces: {process.stderr.read().strip()}")
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text("ascii")
            enter = [
                "nsenter",
                "--target",
                children.split()[0],
                "--mount",
                "--net",
                "--uts",
                "--ipc",
                "--pid",
            ]
            yield Place(shared, [*enter, "--root", f"--wdns={shared}"])
        finally:
            process.kill()
