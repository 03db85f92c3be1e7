"""Software steps: what is to be installed or removed becomes the plan of a process of the agent's own."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from agent.attempt_folder import PARAMETER_FILE, AttemptFolder
from agent.commands import own_command
from agent.data_folder import DataFolder
from agent.enrollment import load_enrollment
from agent.handlers import RejectionError, parameters, run_script
from agent.job import Job
from agent.platform import this_platform
from agent.software import commands
from agent.software.plan import PLAN, Plan, Script, Service
from agent.software.tools import find_tools
from agent.wire.codec import WireError, from_plain, to_plain
from agent.wire.messages import AS_USER, Offer
from agent.wire.software import INSTALL, UNINSTALL, SoftwareJob

FILE_VARIABLE = "DEPLOYFLOW_FILE"
_INSTALLERS = frozenset({"msi", "exe", "winget", "choco", "apt", "dnf", "script", "custom"})
_DETECTIONS = frozenset({"none", "installed", "package", "msi_product", "file", "registry", "script"})
_SOURCES = frozenset({"none", "upload", "url", "file_share", "local_path"})
_OF_WINDOWS = frozenset({"msi", "winget", "choco"})
_FOR_ROOT = frozenset({"apt", "dnf"})
_LANGUAGES: dict[str, Callable[[Offer, str, dict[str, str], str], Job]] = {
    "powershell": run_script.powershell,
    "bash": run_script.shell,
    "sh": run_script.shell,
    "cmd": run_script.cmd,
    "python": run_script.python,
}


_ACTIONS = {"install_software": INSTALL, "uninstall_software": UNINSTALL}


def software_step(offer: Offer, folder: str, secrets: dict[str, str]) -> Job:
    """Raises RejectionError."""
    return _Planner(offer, folder, secrets).job()


class _Planner:
    def __init__(self, offer: Offer, folder: str, secrets: dict[str, str]) -> None:
        self._offer = offer
        self._folder = folder
        self._secrets = secrets
        self._software = _understood(offer)
        self._place = AttemptFolder(folder)
        given = parameters.given(offer, folder, secrets)
        self._files = {PARAMETER_FILE: given.document(), **given.files}
        self._environment = {
            **given.environment(),
            parameters.PARAMETER_VARIABLE: self._place.work_file(PARAMETER_FILE),
        }

    def job(self) -> Job:
        """Raises RejectionError."""
        file = self._file()
        plan = Plan(
            self._software,
            self._tools(),
            self._offer.working_folder or self._place.work,
            file,
            self._offer.downloads[0] if self._is_download(file) else None,
            self._service() if self._is_download(file) else None,
            self._script(),
            self._detect(),
        )
        self._files[PLAN] = json.dumps(to_plain(plan)).encode("ascii")
        if self._software.installer_type == "apt":
            self._environment["DEBIAN_FRONTEND"] = "noninteractive"
        return Job(
            own_command("software", self._place.work_file(PLAN), bare=True),
            self._offer.timeout_s,
            files=self._files,
            environment=self._environment,
        )

    def _tools(self) -> dict[str, str]:
        kind, name = self._software.installer_type, self._software.name
        if kind in _OF_WINDOWS and sys.platform != "win32":
            raise RejectionError(f"{name[:100]} is installed by {kind}, which only Windows has.")
        if kind in _FOR_ROOT and not self._is_root():
            raise RejectionError(f"{kind} needs root, and this step does not run as root.")
        tools, missing = find_tools(kind)
        if missing and not self._software.command:
            raise RejectionError(f"This device has no {missing}, which {name[:100]} needs to be installed.")
        return tools

    def _is_root(self) -> bool:
        return sys.platform == "win32" or (os.geteuid() == 0 and self._offer.run_as != AS_USER)

    def _file(self) -> str:
        """Where the item's file will lie, empty where none is needed. Raises RejectionError."""
        software = self._software
        if not commands.needs_file(software):
            return ""
        if software.file_name:
            parameters.check_file_name(software.file_name)
        _check_source(software, downloads=len(self._offer.downloads))
        path = str(commands.place_of(software, Path(self._place.work) / "fetched"))
        self._environment[FILE_VARIABLE] = path
        return path

    def _is_download(self, file: str) -> bool:
        return bool(file) and self._software.source_type == "upload"

    def _service(self) -> Service:
        enrollment = load_enrollment(DataFolder(Path(self._folder).parents[1]).enrollment)
        if enrollment is None:
            raise RejectionError("This device is not enrolled any more.")
        return Service(enrollment.server, enrollment.ca_pem)

    def _script(self) -> Script | None:
        software = self._software
        if software.installer_type == "script":
            if not software.command.strip():
                raise RejectionError("The script of this item is empty.")
            return self._laid_out(software.language, software.command, self._words(), "script/")
        if not software.command.strip():
            if not _says_how(software):
                raise RejectionError(f"Nothing says how {software.name[:100]} is to be {software.action}ed.")
            self._words()
            return None
        shell = "cmd" if sys.platform == "win32" else "sh"
        return self._laid_out(shell, f"{software.command.strip()} {software.arguments}", (), "script/")

    def _words(self) -> tuple[str, ...]:
        try:
            return tuple(commands.parted(self._software.arguments))
        except ValueError:
            raise RejectionError("A quote in the arguments has no end; correct the item.") from None

    def _detect(self) -> Script | None:
        wanted = self._software.detection
        if wanted.type != "script":
            return None
        return self._laid_out(self._software.language, wanted.value, (), "detect/")

    def _laid_out(self, language: str, text: str, words: tuple[str, ...], part: str) -> Script:
        launcher = _LANGUAGES.get(language)
        if launcher is None:
            raise RejectionError(f"This agent cannot run scripts in {language[:40]!r}.")
        offer = replace(self._offer, type=language, payload=text, arguments=words)
        job = launcher(offer, self._folder, self._secrets, part)
        self._files = {**job.files, **self._files}
        self._environment = {**job.environment, **self._environment}
        return Script(tuple(job.argv), job.folder or self._place.work)


def _understood(offer: Offer) -> SoftwareJob:
    try:
        software = from_plain(json.loads(offer.payload), SoftwareJob, "software")
    except (ValueError, WireError) as error:
        raise RejectionError(f"This agent does not understand what to install: {error}.") from None
    if software.action != _ACTIONS[offer.type]:
        raise RejectionError("The step and its software item say different things; run it anew.")
    for what, known in (
        (software.installer_type, _INSTALLERS),
        (software.source_type, _SOURCES),
        (software.detection.type, _DETECTIONS),
    ):
        if what not in known:
            raise RejectionError(f"This agent does not know {what[:40]!r}; update it.")
    return software


def _says_how(software: SoftwareJob) -> bool:
    """Without a command of its own."""
    if software.installer_type == "msi":
        return software.source_type != "none" or software.detection.type == "msi_product"
    return software.installer_type != "custom" and (
        software.installer_type != "exe" or software.source_type != "none"
    )


def _check_source(software: SoftwareJob, downloads: int) -> None:
    kind, source = software.source_type, software.source
    if kind == "upload" and downloads != 1:
        raise RejectionError(f"The file of {software.name[:100]} did not come along; run it anew.")
    if kind == "url":
        scheme = urlsplit(source).scheme
        if scheme != "https" and not (scheme == "http" and software.sha256):
            raise RejectionError(
                "Without https, and without a SHA-256, nobody can tell that the file is right."
            )
    if kind in ("file_share", "local_path") and not Path(source).is_absolute():
        raise RejectionError(
            f"{source[:200]} is no whole path on a device with {this_platform().os_type}; correct the item."
        )
