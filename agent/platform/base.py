"""What every system has to answer, and what Linux and macOS answer alike."""

from __future__ import annotations

import os
import shutil
import sys
from abc import ABC, abstractmethod
from pathlib import Path
from typing import IO

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.platform.people import Person


class Platform(ABC):
    """One operating system. `os_type` is the word that goes over the wire."""

    os_type: str

    @abstractmethod
    def boot_id(self) -> str:
        """A name for this run of the machine: the same until it restarts, never derived from the clock."""

    @abstractmethod
    def make_private_folder(self, path: Path) -> None:
        """A new folder (its parent exists) that only its owner and the system may open."""

    @abstractmethod
    def lock_file(self, file: IO[bytes]) -> None:
        """Lock an open file for this process. OSError when another process holds it."""

    @abstractmethod
    def interpreter(self, language: str) -> str | None:
        """The program that runs scripts in a language (a step type), or None where there is none."""

    @abstractmethod
    def person(self) -> Person | None:
        """Who is signed in, the one at the screen first; None when nobody is."""

    @abstractmethod
    def may_run_as(self, person: Person) -> bool:
        """Whether this agent can start programs as that person."""

    def may_read(self, person: Person, path: Path) -> bool:
        """Whether that person gets as far as a file of this program, as far as one can tell beforehand."""
        return True

    @abstractmethod
    def restart_command(self, delay_s: int, notice: str) -> list[str]:
        """What restarts the machine after so many seconds and tells whoever is signed in."""

    @abstractmethod
    def os_name_and_version(self) -> tuple[str, str]:
        """The system's own words for what it is."""

    @abstractmethod
    def machine_facts(self) -> dict[str, str]:
        """Any of `serial`, `machine_id`, `manufacturer`, `model`, `cpu_model`, `time_zone` that is known."""

    @abstractmethod
    def install_service(self, data_folder: Path) -> str:
        """Start the agent with the system from now on; done twice is done once. Says what was done."""

    @abstractmethod
    def uninstall_service(self, data_folder: Path) -> str:
        """The reverse of `install_service`; without effect where there is none. Says what was done."""

    def leave_service(self, data_folder: Path) -> str:
        """`uninstall_service`, said by the service itself, which ends by itself right after that."""
        return self.uninstall_service(data_folder)


LANGUAGES = ("powershell", "bash", "sh", "cmd", "python")


class Posix(Platform):
    """What Linux and macOS have in common."""

    def make_private_folder(self, path: Path) -> None:
        path.mkdir(mode=0o700)

    def lock_file(self, file: IO[bytes]) -> None:
        if sys.platform != "win32":
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def person(self) -> Person | None:
        if sys.platform != "win32":
            from agent.platform import posix_people

            return posix_people.person()
        return None

    def may_run_as(self, person: Person) -> bool:
        return sys.platform != "win32" and os.geteuid() in (0, person["uid"])

    def may_read(self, person: Person, path: Path) -> bool:
        return person["uid"] == 0 or (
            _is_allowed(person, path, 0o4)
            and all(_is_allowed(person, folder, 0o1) for folder in path.parents)
        )

    def restart_command(self, delay_s: int, notice: str) -> list[str]:
        # Minutes are the least it knows; less than half of one is at once.
        return ["/sbin/shutdown", "-r", f"+{round(delay_s / 60)}" if delay_s > 30 else "now", notice]

    def interpreter(self, language: str) -> str | None:
        if language == "powershell":
            return shutil.which("pwsh")
        if language == "python":
            return shutil.which("python3") or own_python()
        return shutil.which(language) if language in ("bash", "sh") else None


def _is_allowed(person: Person, path: Path, bit: int) -> bool:
    """By the permission bits: those of the owner, of the group, or of everybody else."""
    status = path.stat()
    if status.st_uid == person["uid"]:
        bit <<= 6
    elif status.st_gid in (person["gid"], *person["groups"]):
        bit <<= 3
    return bool(status.st_mode & bit)


def own_python() -> str | None:
    """The interpreter that runs this program, unless it is packed into the program."""
    return None if getattr(sys, "frozen", False) else sys.executable


def service_name(data_folder: Path, usual: Path) -> str:
    """`deployflow-agent`, with a suffix of its own for every data folder other than the usual one."""
    if data_folder == usual:
        return "deployflow-agent"
    import hashlib

    return "deployflow-agent-" + hashlib.sha256(str(data_folder).encode()).hexdigest()[:8]


def read_line(path: Path) -> str:
    """The first line of a small system file, or nothing where it cannot be read."""
    try:
        return path.read_text("utf-8", "replace").split("\n", 1)[0].strip("\0 ")
    except OSError:
        return ""
