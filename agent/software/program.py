"""`software`: the process of a step that installs or removes something: detect, fetch, run, verify.

What it is to do lies in a plan file in the attempt's work folder. Everything it starts writes to its own
streams; it says in one line each what it does itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from agent.environment import script_environment
from agent.files import write_all
from agent.software import SoftwareError, commands, detection
from agent.software.detection import Found
from agent.software.fetch import Fetch, Source
from agent.software.plan import Plan
from agent.software.sources import FileSource, ServiceSource, UrlSource
from agent.stages import as_exit_code
from agent.wire.codec import from_plain
from agent.wire.software import INSTALL

RESTART_CODES = frozenset({3010, 1641} if sys.platform == "win32" else {194})
_BUSY = 1618
"""Windows Installer: something else is being installed."""
_BUSY_PAUSE_S = 15.0
_BUSY_TRIES = 40
_LOG_LINES = 80
_STDOUT, _STDERR = 1, 2


def main(plan_file: str) -> int:
    """The exit code of the step."""
    plan = from_plain(json.loads(Path(plan_file).read_text("utf-8")), Plan, "plan")
    # What is started here must not inherit what was meant for this program.
    environment = script_environment(dict(os.environ))
    os.environ.clear()
    os.environ.update(environment)
    try:
        return _Step(plan).run()
    except SoftwareError as error:
        write_all(_STDERR, f"{error}\n".encode())
        return 1


def _say(line: str) -> None:
    write_all(_STDOUT, f"{line}\n".encode("utf-8", "replace"))


class _Step:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._job = plan.job
        self._installs = plan.job.action == INSTALL
        self._verb = "Install" if self._installs else "Remove"
        self._log = str(Path(plan.folder) / "installer.log")

    def run(self) -> int:
        if self._is_done_already():
            return 0
        if self._plan.file:
            self._fetch(Path(self._plan.file))
        code = self._execute()
        if self._plan.file:
            Path(self._plan.file).unlink(missing_ok=True)
        return self._verified(code)

    def _is_done_already(self) -> bool:
        found = self._look()
        if found is None:
            _say(f"Detect: nothing says how to tell whether {self._job.name} is installed.")
            return False
        done = found.is_there == self._installs
        _say(f"Detect: {self._words(found)}{'; nothing to do.' if done else '.'}")
        return done

    def _look(self) -> Found | None:
        job = self._job
        if not self._installs:
            # Whatever its version is, it shall go.
            job = replace(job, detection=replace(job.detection, version=""))
        return detection.look(job, self._plan.tools, self._plan.detect)

    def _words(self, found: Found) -> str:
        version = f" {found.version}" if found.version else ""
        if found.is_there:
            return f"{self._job.name}{version} is installed"
        if found.version:
            return (
                f"{self._job.name}{version} is installed, and it should be at least "
                f"{self._job.detection.version}"
            )
        return f"{self._job.name} is not installed"

    def _fetch(self, file: Path) -> None:
        file.parent.mkdir(mode=0o700)
        Fetch(self._source(), file, self._size(), _say).run(self._sha256())

    def _source(self) -> Source:
        job, download, service = self._job, self._plan.download, self._plan.service
        if download is not None and service is not None:
            return ServiceSource(service.server, service.ca_pem, download.path)
        return UrlSource(job.source) if job.source_type == "url" else FileSource(job.source)

    def _size(self) -> int:
        return self._plan.download.size if self._plan.download is not None else self._job.size

    def _sha256(self) -> str:
        return self._plan.download.sha256 if self._plan.download is not None else self._job.sha256

    def _execute(self) -> int:
        command, folder = self._command()
        _say(f"{self._verb}: {self._job.name}, by {self._job.installer_type}.")
        code = self._started(command, folder)
        for _ in range(_BUSY_TRIES):
            if code != _BUSY or self._job.installer_type != "msi":
                break
            _say(f"{self._verb}: Windows is installing something else; next try in {_BUSY_PAUSE_S:.0f} s.")
            time.sleep(_BUSY_PAUSE_S)
            code = self._started(command, folder)
        return code

    def _command(self) -> tuple[commands.Command, str]:
        script, plan = self._plan.script, self._plan
        if script is not None:
            return list(script.argv), script.folder
        if plan.file and sys.platform != "win32":
            Path(plan.file).chmod(0o700)
        return commands.installer(self._job, plan.tools, plan.file, self._log), plan.folder

    def _started(self, command: commands.Command, folder: str) -> int:
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, cwd=folder, check=False)
        except OSError as error:
            raise SoftwareError(f"The installer could not be started: {error.strerror}.") from None
        return as_exit_code(done.returncode)

    def _verified(self, code: int) -> int:
        signed = {as_exit_code(accepted) for accepted in (0, *self._job.exit_codes)}
        restart = code in RESTART_CODES
        if code not in signed and not restart:
            _say(f"{self._verb}: it failed with exit code {code}.")
            self._show_log()
            return code
        _say(
            f"{self._verb}: it ended with exit code {code}{', which asks for a restart' if restart else ''}."
        )
        found = self._look()
        if found is None:
            return code
        if found.is_there == self._installs:
            _say(f"Verify: {self._words(found)}.")
            return code
        if restart:
            _say("Verify: it will only show after the restart.")
            return code
        raise SoftwareError(
            f"The installer ended with exit code {code}, but {self._words(found)}; "
            "check its arguments, or how the item is detected."
        )

    def _show_log(self) -> None:
        try:
            raw = Path(self._log).read_bytes()
        except OSError:
            return
        text = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8", "replace")
        _say("The end of the installer's log:")
        for line in text.splitlines()[-_LOG_LINES:]:
            _say(f"  {line}")
