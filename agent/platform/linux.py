"""Linux: systemd, /proc and /sys."""

from __future__ import annotations

import platform
import signal
from pathlib import Path

from agent.errors import AgentError
from agent.platform.base import Posix, read_line, service_name

USUAL_DATA_FOLDER = Path("/var/lib/deployflow-agent")
_UNITS = Path("/etc/systemd/system")
_DMI = Path("/sys/class/dmi/id")
_EMPTY_WORDS = frozenset({"", "None", "Not Specified", "To Be Filled By O.E.M.", "Default string"})


class Linux(Posix):
    os_type = "linux"

    def boot_id(self) -> str:
        return read_line(Path("/proc/sys/kernel/random/boot_id"))

    def os_name_and_version(self) -> tuple[str, str]:
        try:
            release = platform.freedesktop_os_release()
        except OSError:
            release = {}
        kernel = read_line(Path("/proc/sys/kernel/osrelease"))
        return release.get("PRETTY_NAME") or "Linux", release.get("VERSION_ID") or kernel

    def machine_facts(self) -> dict[str, str]:
        return {
            "serial": _dmi("product_serial"),
            "machine_id": read_line(Path("/etc/machine-id")),
            "manufacturer": _dmi("sys_vendor"),
            "model": _dmi("product_name"),
            "cpu_model": _cpu_model(),
            "time_zone": _time_zone(),
        }

    def install_service(self, data_folder: Path) -> str:
        name = service_name(data_folder, USUAL_DATA_FOLDER) + ".service"
        unit = _UNITS / name
        try:
            unit.write_text(unit_file(data_folder), "utf-8")
        except OSError as error:
            raise AgentError(
                f"The service file {unit} could not be written ({error.strerror}); run this as root."
            ) from None
        _systemctl("daemon-reload")
        _systemctl("enable", name)
        _systemctl("restart", name)
        return f"The service {name} is installed and runs."

    def uninstall_service(self, data_folder: Path) -> str:
        name = service_name(data_folder, USUAL_DATA_FOLDER) + ".service"
        unit = _UNITS / name
        if not unit.exists():
            return f"The service {name} is not installed."
        _systemctl("disable", "--now", name)
        return _removed(unit, data_folder)

    def leave_service(self, data_folder: Path) -> str:
        name = service_name(data_folder, USUAL_DATA_FOLDER) + ".service"
        unit = _UNITS / name
        if not unit.exists():
            return f"The service {name} is not installed."
        # Who is stopped on request is not started again; the request itself can wait until this process ends.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _systemctl("disable", name)
        _systemctl("stop", "--no-block", name)
        return _removed(unit, data_folder)


def _removed(unit: Path, data_folder: Path) -> str:
    unit.unlink()
    _systemctl("daemon-reload")
    return f"The service {unit.name} is removed; the data folder {data_folder} is untouched."


def unit_file(data_folder: Path) -> str:
    """The systemd unit. KillMode=process: a stop or an upgrade of the agent leaves its runners alone."""
    from agent.commands import own_command

    command = " ".join(_quoted(word) for word in own_command("run", "--data-dir", str(data_folder)))
    return (
        "[Unit]\n"
        "Description=DeployFlow agent\n"
        "Wants=network-online.target\n"
        "After=network-online.target\n"
        "StartLimitIntervalSec=0\n"
        "\n"
        "[Service]\n"
        f"ExecStart={command}\n"
        "Restart=always\n"
        "RestartSec=5\n"
        "KillMode=process\n"
        "Delegate=yes\n"
        "OOMPolicy=continue\n"
        "\n"
        "[Install]\n"
        "WantedBy=multi-user.target\n"
    )


def _quoted(word: str) -> str:
    """A word of a unit's command line: systemd reads quotes, backslashes, `%` and `$` in it."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'


def _systemctl(*arguments: str) -> None:
    import subprocess

    try:
        done = subprocess.run(
            ["systemctl", *arguments], capture_output=True, check=False, encoding="utf-8", errors="replace"
        )
    except FileNotFoundError:
        raise AgentError(
            "This system has no systemctl, so no service can be installed; "
            "start `agent run` by the means it has."
        ) from None
    if done.returncode:
        reason = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
        raise AgentError(f"systemctl {' '.join(arguments)} failed: {reason}")


def _dmi(name: str) -> str:
    word = read_line(_DMI / name)
    return "" if word in _EMPTY_WORDS else word


def _cpu_model() -> str:
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.startswith(("model name", "Model\t")):
                    return line.partition(":")[2].strip()
    except OSError:
        return ""
    return ""


def _time_zone() -> str:
    target = str(Path("/etc/localtime").resolve())
    return target.partition("/zoneinfo/")[2] or read_line(Path("/etc/timezone"))
