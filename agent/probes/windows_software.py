"""Windows: what can be uninstalled, from the registry."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import contextlib
import winreg
from collections.abc import Iterator
from dataclasses import dataclass

from agent.wire.messages import SoftwareEntry

UNINSTALL = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall"
_VIEWS = (("x86_64", winreg.KEY_WOW64_64KEY), ("i686", winreg.KEY_WOW64_32KEY))
_UPDATES = frozenset({"update", "hotfix", "security update", "service pack"})
_DATE_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Uninstallable:
    """`key` is the name of its key (the product code of what came as MSI), `values` its texts and numbers."""

    key: str
    architecture: str
    values: dict[str, str | int]

    def text(self, name: str) -> str:
        return str(self.values.get(name, "")).strip()

    def is_shown(self) -> bool:
        """As the system's own list: no parts of others and no updates."""
        return bool(
            self.text("DisplayName")
            and self.values.get("SystemComponent") != 1
            and not self.text("ParentKeyName")
            and self.text("ReleaseType").casefold() not in _UPDATES
        )


def registry() -> Iterator[SoftwareEntry]:
    for found in uninstallable():
        if found.is_shown():
            yield SoftwareEntry(
                found.text("DisplayName"),
                found.text("DisplayVersion"),
                found.text("Publisher"),
                "registry",
                found.architecture,
                _date(found.text("InstallDate")),
            )


def uninstallable() -> Iterator[Uninstallable]:
    """Of this machine, and of everybody whose part of the registry is loaded."""
    for architecture, view in _VIEWS:
        yield from _below(winreg.HKEY_LOCAL_MACHINE, UNINSTALL, architecture, view)
    for person in _names(winreg.HKEY_USERS, "", 0):
        yield from _below(winreg.HKEY_USERS, rf"{person}\{UNINSTALL}", "", 0)


def _below(hive: int, path: str, architecture: str, view: int) -> Iterator[Uninstallable]:
    for name in _names(hive, path, view):
        with (
            contextlib.suppress(OSError),
            winreg.OpenKey(hive, rf"{path}\{name}", 0, winreg.KEY_READ | view) as key,
        ):
            yield Uninstallable(name, architecture, dict(_values(key)))


def _names(hive: int, path: str, view: int) -> list[str]:
    try:
        with winreg.OpenKey(hive, path, 0, winreg.KEY_READ | view) as key:
            return [winreg.EnumKey(key, number) for number in range(winreg.QueryInfoKey(key)[0])]
    except OSError:
        return []


def _values(key: winreg.HKEYType) -> Iterator[tuple[str, str | int]]:
    for number in range(winreg.QueryInfoKey(key)[1]):
        name, value, _ = winreg.EnumValue(key, number)
        if isinstance(value, str | int):
            yield name, value


def _date(text: str) -> str:
    if len(text) == _DATE_DIGITS and text.isdigit():
        return f"{text[:4]}-{text[4:6]}-{text[6:]}"
    return ""
