"""Which system an installer is for."""

from __future__ import annotations

from backend_lite.contract.library import os_matches
from backend_lite.contract.software import InstallerType
from backend_lite.errors import InvalidError

WINDOWS = "windows"
_SYSTEMS: dict[InstallerType, tuple[str, ...]] = {
    InstallerType.MSI: (WINDOWS,),
    InstallerType.WINGET: (WINDOWS,),
    InstallerType.CHOCO: (WINDOWS,),
    InstallerType.APT: ("debian", "ubuntu", "proxmox"),
    InstallerType.DNF: ("rhel", "centos"),
}


def system_of(installer: InstallerType, target_os_type: str | None) -> str | None:
    """The system that the item is for: as it says, else as its installer implies; None is any."""
    if target_os_type or installer not in _SYSTEMS:
        return target_os_type
    systems = _SYSTEMS[installer]
    return systems[0] if len(systems) == 1 else "linux"


def checked_system(installer: InstallerType, target_os_type: str | None) -> str | None:
    """`system_of`. Raises InvalidError where the two exclude each other."""
    systems = _SYSTEMS.get(installer, ())
    if systems and not any(os_matches(system, target_os_type) for system in systems):
        raise InvalidError(
            f"{installer} installs on {' and '.join(systems)}, and the item is for {target_os_type}. "
            "Change one of the two."
        )
    return system_of(installer, target_os_type)


def is_windows(system: str | None) -> bool | None:
    """None where it may be either."""
    return None if system in (None, "other") else os_matches(WINDOWS, system)
