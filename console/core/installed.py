"""Installed software and the items of the library: which belongs to which."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from backend_lite.contract.software import DetectionType, InstallerType

Object = dict[str, Any]
_BY_ITSELF = (
    InstallerType.MSI,
    InstallerType.WINGET,
    InstallerType.CHOCO,
    InstallerType.APT,
    InstallerType.DNF,
)


def places_query(item: Object) -> str:
    """What finds an item in the list of what is installed."""
    parts = [part.strip() for part in _listed_as(item).split("*") if part.strip()]
    return " ".join(f"name:{_quoted(part)}" for part in parts)


def item_for(title: str, items: Iterable[Object]) -> Object | None:
    """The item that removes what devices list under this name; the most exact one."""
    found = [item for item in items if is_removable(item) and _stands_for(item, title)]
    return max(found, key=lambda item: len(_listed_as(item)), default=None)


def is_removable(item: Object) -> bool:
    """Whether the item says how it is removed."""
    return item["installer_type"] in _BY_ITSELF or bool(item["uninstall_command"])


def _listed_as(item: Object) -> str:
    detection = item["detection"]
    if detection["type"] == DetectionType.INSTALLED:
        return str(detection["value"])
    package = item["source"] if item["installer_type"] in (InstallerType.APT, InstallerType.DNF) else ""
    return str(package or item["name"])


def _stands_for(item: Object, title: str) -> bool:
    """As the device compares: without case, `*` for any text."""
    pattern = re.escape(_listed_as(item).casefold()).replace(r"\*", ".*")
    return re.fullmatch(pattern, title.casefold()) is not None


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
