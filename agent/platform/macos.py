"""macOS: launchd and sysctl."""

from __future__ import annotations

import platform
import signal
import subprocess
from pathlib import Path

from agent.errors import AgentError
from agent.platform.base import Posix, service_name

USUAL_DATA_FOLDER = Path("/Library/Application Support/DeployFlow Agent")
_DAEMONS = Path("/Library/LaunchDaemons")


class MacOS(Posix):
    os_type = "macos"

    def boot_id(self) -> str:
        return _output("/usr/sbin/sysctl", "-n", "kern.bootsessionuuid")

    def os_name_and_version(self) -> tuple[str, str]:
        return "macOS", platform.mac_ver()[0]

    def machine_facts(self) -> dict[str, str]:
        registry = _output("/usr/sbin/ioreg", "-rd1", "-c", "IOPlatformExpertDevice")
        return {
            "serial": _registry_value(registry, "IOPlatformSerialNumber"),
            "machine_id": _registry_value(registry, "IOPlatformUUID"),
            "manufacturer": "Apple",
            "model": _output("/usr/sbin/sysctl", "-n", "hw.model"),
            "cpu_model": _output("/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"),
            "time_zone": str(Path("/etc/localtime").resolve()).partition("/zoneinfo/")[2],
        }

    def install_service(self, data_folder: Path) -> str:
        name = service_name(data_folder, USUAL_DATA_FOLDER)
        job = _DAEMONS / f"{name}.plist"
        _launchctl("bootout", f"system/{name}", must=False)
        try:
            job.write_bytes(job_file(name, data_folder))
        except OSError as error:
            raise AgentError(
                f"The service file {job} could not be written ({error.strerror}); run this as root."
            ) from None
        _launchctl("bootstrap", "system", str(job))
        return f"The service {name} is installed and runs."

    def uninstall_service(self, data_folder: Path) -> str:
        name = service_name(data_folder, USUAL_DATA_FOLDER)
        job = _DAEMONS / f"{name}.plist"
        if not job.exists():
            return f"The service {name} is not installed."
        _launchctl("bootout", f"system/{name}", must=False)
        job.unlink()
        return f"The service {name} is removed; the data folder {data_folder} is untouched."

    def leave_service(self, data_folder: Path) -> str:
        name = service_name(data_folder, USUAL_DATA_FOLDER)
        job = _DAEMONS / f"{name}.plist"
        if not job.exists():
            return f"The service {name} is not installed."
        job.unlink()
        # It waits for this process to end, so nobody here waits for it.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        subprocess.Popen(
            ["/bin/launchctl", "bootout", f"system/{name}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return f"The service {name} is removed; the data folder {data_folder} is untouched."


def job_file(name: str, data_folder: Path) -> bytes:
    """The launchd job. AbandonProcessGroup: a stop of the agent leaves its runners alone."""
    import plistlib

    from agent.commands import own_command

    return plistlib.dumps(
        {
            "Label": name,
            "ProgramArguments": own_command("run", "--data-dir", str(data_folder)),
            "RunAtLoad": True,
            "KeepAlive": True,
            "AbandonProcessGroup": True,
        }
    )


def _launchctl(*arguments: str, must: bool = True) -> None:
    done = subprocess.run(
        ["/bin/launchctl", *arguments], capture_output=True, check=False, encoding="utf-8", errors="replace"
    )
    if must and done.returncode:
        raise AgentError(f"launchctl {' '.join(arguments)} failed: {' '.join(done.stderr.split())}")


def _output(*argv: str) -> str:
    try:
        return subprocess.run(
            argv, capture_output=True, check=False, encoding="utf-8", errors="replace"
        ).stdout.strip()
    except OSError:
        return ""


def _registry_value(registry: str, key: str) -> str:
    for line in registry.splitlines():
        name, _, value = line.partition("=")
        if name.strip().strip('"') == key:
            return value.strip().strip('"')
    return ""
