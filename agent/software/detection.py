"""Is it installed, and in which version? By the means that the item names."""

from __future__ import annotations

import fnmatch
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.software import SoftwareError
from agent.software.plan import Script
from agent.software.versions import DEBIAN, NUMBERS, RPM, is_at_least
from agent.wire.software import SoftwareDetection, SoftwareJob

PATIENCE_S = 300.0
_NUSPEC_VERSION = re.compile(r"<version>\s*([^<\s]+)\s*</version>")
_SCHEMES = {"dpkg": DEBIAN, "rpm": RPM, "apt": DEBIAN, "dnf": RPM}


@dataclass(frozen=True, slots=True)
class Found:
    """`is_there`: in the version that is wanted, or a later one. `version` is the one that was found."""

    is_there: bool
    version: str = ""


def look(job: SoftwareJob, tools: dict[str, str], script: Script | None) -> Found | None:
    """None where the item does not say how to tell. Raises SoftwareError when it cannot be told."""
    wanted = job.detection
    kind = wanted.type
    if kind == "none":
        return None
    if kind == "script":
        assert script is not None
        return Found(_run(list(script.argv), folder=script.folder).returncode == 0)
    if kind == "installed":
        return _best(_listed(wanted), wanted)
    if kind == "package":
        return _packages(job, tools)
    if kind == "file":
        return _file(wanted)
    return _windows(wanted)


def package_names(job: SoftwareJob) -> list[str]:
    """Of a package manager's item: what is in its source, else its detection's, else its own name."""
    source = job.source if job.source_type == "none" else ""
    value = job.detection.value if job.detection.type == "package" else ""
    if job.installer_type in ("winget", "choco"):
        return [(source or value or job.name).strip()]
    return shlex.split(source or value or job.name)


def _listed(wanted: SoftwareDetection) -> Iterator[tuple[str, str]]:
    from agent.probes.software import installed

    pattern = wanted.value.casefold()
    for entry in installed():
        if fnmatch.fnmatchcase(entry.name.casefold(), pattern):
            yield entry.version, _SCHEMES.get(entry.source, NUMBERS)


def _best(found: Iterator[tuple[str, str]], wanted: SoftwareDetection) -> Found:
    last = ""
    for version, scheme in found:
        last = version
        if is_at_least(version, wanted.version, scheme):
            return Found(True, version)
    return Found(False, last)


def _packages(job: SoftwareJob, tools: dict[str, str]) -> Found:
    names = [job.detection.value] if job.detection.value else package_names(job)
    last = ""
    for name in names:
        version = _package_version(job.installer_type, name.partition("=")[0], tools)
        last = version or last
        scheme = _SCHEMES.get(job.installer_type, NUMBERS)
        if version is None or not is_at_least(version, job.detection.version, scheme):
            return Found(False, last)
    return Found(True, last)


def _package_version(manager: str, name: str, tools: dict[str, str]) -> str | None:
    if manager == "apt":
        status, _, version = _printed(tools["dpkg-query"], "-W", "-f=${db:Status-Status} ${Version}", name)
        return version if status == "installed" else None
    if manager == "dnf":
        _, _, version = _printed(tools["rpm"], "-q", "--qf", "+ %{VERSION}-%{RELEASE}", name)
        return version or None
    if manager == "choco":
        return _choco_version(Path(tools["choco"]), name)
    return _winget_version(tools["winget"], name)


def _printed(*argv: str) -> tuple[str, str, str]:
    """The first line, parted at its first space; nothing where the program ends with another code than 0."""
    done = _run(list(argv))
    if done.returncode:
        return "", "", ""
    return done.stdout.decode("utf-8", "replace").split("\n")[0].strip().partition(" ")


def _choco_version(program: Path, name: str) -> str | None:
    """From the folder where Chocolatey keeps what it installed: .../lib/NAME/NAME.nuspec."""
    root = Path(os.environ.get("CHOCOLATEYINSTALL") or program.parent.parent)
    try:
        text = (root / "lib" / name / f"{name}.nuspec").read_text("utf-8", "replace")
    except OSError:
        return None
    found = _NUSPEC_VERSION.search(text)
    return found[1] if found else ""


def _winget_version(program: str, name: str) -> str | None:
    done = _run(
        [
            *(program, "list", "--id", name, "--exact"),
            *("--accept-source-agreements", "--disable-interactivity"),
        ]
    )
    if done.returncode:
        return None
    for line in done.stdout.decode("utf-8", "replace").splitlines():
        words = line.split()
        lower = [word.casefold() for word in words]
        if name.casefold() in lower[:-1]:
            return words[lower.index(name.casefold()) + 1]
    return None


def _file(wanted: SoftwareDetection) -> Found:
    path = Path(os.path.expandvars(wanted.value))
    if not path.is_file():
        return Found(False)
    if not wanted.version:
        return Found(True)
    if sys.platform == "win32":
        from agent.software.windows_detection import file_version

        version = file_version(str(path))
        return Found(is_at_least(version, wanted.version, NUMBERS), version)
    raise SoftwareError("Only files of Windows have a version; take the version out of the detection.")


def _windows(wanted: SoftwareDetection) -> Found:
    if sys.platform == "win32":
        from agent.software import windows_detection

        ways = {"msi_product": windows_detection.product, "registry": windows_detection.registry}
        versions = ((version, NUMBERS) for version in ways[wanted.type](wanted.value))
        return _best(versions, wanted)
    raise SoftwareError(f"Only Windows has what the detection {wanted.type} looks at.")


def _run(argv: list[str], folder: str | None = None) -> subprocess.CompletedProcess[bytes]:
    """In a folder it is a script of the item, which may print and take its time."""
    quiet = folder is None
    try:
        return subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if quiet else None,
            stderr=subprocess.DEVNULL if quiet else None,
            cwd=folder,
            timeout=PATIENCE_S if quiet else None,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SoftwareError(f"{argv[0]} did not answer within {PATIENCE_S:.0f} s.") from None
    except OSError as error:
        raise SoftwareError(f"{argv[0]} could not be started: {error.strerror}.") from None
