"""Where Windows has the programs that install things; a service does not find all of them on its path."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import os
import shutil
from pathlib import Path

_WINGET = "Microsoft.DesktopAppInstaller_*__8wekyb3d8bbwe"


def find(name: str) -> str | None:
    if name == "msiexec":
        return str(Path(os.environ.get("SYSTEMROOT", r"C:\Windows")) / "System32" / "msiexec.exe")
    if found := shutil.which(name):
        return found
    if name == "choco":
        root = os.environ.get("CHOCOLATEYINSTALL") or rf"{_folder('PROGRAMDATA')}\chocolatey"
        return _there(Path(root) / "bin" / "choco.exe")
    if name == "winget":
        apps = Path(_folder("PROGRAMFILES")) / "WindowsApps"
        return next((str(path) for path in sorted(apps.glob(f"{_WINGET}/winget.exe"), reverse=True)), None)
    return None


def _folder(variable: str) -> str:
    return os.environ.get(variable) or "C:\\"


def _there(path: Path) -> str | None:
    return str(path) if path.exists() else None
