"""What is run to install or remove something.

On Windows an item's arguments are the rest of the command line, as they stand, and no shell reads them;
elsewhere they are parted as a shell would part them.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

from agent.software.detection import package_names
from agent.wire.software import INSTALL, SoftwareJob

Command = list[str] | str
"""A vector, or on Windows the text of a command line."""

LOCK_PATIENCE_S = 600


def installer(job: SoftwareJob, tools: dict[str, str], file: str, log: str) -> Command:
    """The command for all but scripts. `file` is empty where none is needed."""
    if job.installer_type == "msi":
        return _with_arguments(_msi(job, tools["msiexec"], file, log), job.arguments)
    if job.installer_type == "exe":
        return _with_arguments([file], job.arguments)
    managers = {"winget": _winget, "choco": _choco, "apt": _apt, "dnf": _dnf}
    vector, rest = managers[job.installer_type](job, tools, file)
    return _with_arguments(vector, job.arguments, rest)


def _with_arguments(vector: list[str], arguments: str, rest: tuple[str, ...] = ()) -> Command:
    if sys.platform == "win32":
        return command_line([*vector, *rest], arguments)
    return [*vector, *parted(arguments), *rest]


def command_line(vector: list[str], arguments: str) -> str:
    """The text for Windows: the vector, quoted as programs part it, then the arguments as they stand."""
    line = subprocess.list2cmdline(vector)
    return f"{line} {arguments}" if arguments else line


def parted(arguments: str) -> list[str]:
    """Raises ValueError where a quote has no end."""
    if sys.platform == "win32":
        from agent.software.windows_arguments import parted as as_windows_parts

        return as_windows_parts(arguments)
    return shlex.split(arguments)


def _msi(job: SoftwareJob, program: str, file: str, log: str) -> list[str]:
    action = "/i" if job.action == INSTALL else "/x"
    return [program, action, file or job.detection.value, "/qn", "/norestart", "/l*v", log]


def _winget(job: SoftwareJob, tools: dict[str, str], file: str) -> tuple[list[str], tuple[str, ...]]:
    [name] = package_names(job)
    quietly = ["--exact", "--silent", "--accept-source-agreements", "--disable-interactivity"]
    if job.action == INSTALL:
        quietly.append("--accept-package-agreements")
    return [tools["winget"], job.action, "--id", name, *quietly], ()


def _choco(job: SoftwareJob, tools: dict[str, str], file: str) -> tuple[list[str], tuple[str, ...]]:
    [name] = package_names(job)
    return [tools["choco"], job.action, name, "--yes", "--no-progress", "--limit-output"], ()


def _apt(job: SoftwareJob, tools: dict[str, str], file: str) -> tuple[list[str], tuple[str, ...]]:
    options = [
        "--yes",
        *("-o", f"DPkg::Lock::Timeout={LOCK_PATIENCE_S}"),
        *("-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"),
        *("-o", "APT::Color=0", "-o", "Dpkg::Use-Pty=0", "-o", "Dpkg::Progress-Fancy=0"),
    ]
    names = [name if job.action == INSTALL else name.partition("=")[0] for name in package_names(job)]
    action = "install" if job.action == INSTALL else "remove"
    return [tools["apt-get"], *options, action], ("--", *names)


def _dnf(job: SoftwareJob, tools: dict[str, str], file: str) -> tuple[list[str], tuple[str, ...]]:
    action = "install" if job.action == INSTALL else "remove"
    return [tools["dnf"], "--assumeyes", action], ("--", *package_names(job))


def needs_file(job: SoftwareJob) -> bool:
    """Whether the item's file has to be here for what is to be done."""
    if job.source_type == "none" or job.installer_type in ("winget", "choco", "apt", "dnf"):
        return False
    if job.action == INSTALL:
        return True
    return not job.command and not (job.installer_type == "msi" and job.detection.type == "msi_product")


def place_of(job: SoftwareJob, folder: Path) -> Path:
    """Where its file lies while it is needed."""
    usual = {"msi": "installer.msi", "exe": "installer.exe"}.get(job.installer_type, "installer")
    return folder / (job.file_name or usual)
