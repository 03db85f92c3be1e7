"""The programs that installer types need."""

from __future__ import annotations

import shutil
import sys

_NEEDED = {
    "msi": ("msiexec",),
    "winget": ("winget",),
    "choco": ("choco",),
    "apt": ("apt-get", "dpkg-query"),
    "dnf": ("dnf", "rpm"),
}


def find_tools(installer_type: str) -> tuple[dict[str, str], str]:
    """Their paths by name, and the name of the first that is missing."""
    tools: dict[str, str] = {}
    for name in _NEEDED.get(installer_type, ()):
        path = _find(name)
        if path is None:
            return tools, name
        tools[name] = path
    return tools, ""


def _find(name: str) -> str | None:
    if name == "dnf":
        return shutil.which("dnf") or shutil.which("yum")
    if sys.platform == "win32":
        from agent.software.windows_tools import find

        return find(name)
    return shutil.which(name) if name != "msiexec" else None
