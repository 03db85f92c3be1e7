"""A software item as something to install or remove."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from sqlalchemy.orm import Session

from agent.wire.software import INSTALL, UNINSTALL, SoftwareDetection, SoftwareJob
from backend_lite.contract.software import PACKAGE_MANAGERS, InstallerType, SourceType
from backend_lite.errors import InvalidError
from backend_lite.features.library.file_rules import plain_file_name
from backend_lite.features.library.software_reading import live_software
from backend_lite.features.library.software_systems import system_of
from backend_lite.features.library.tables import SoftwareRow


@dataclass(frozen=True, slots=True)
class FileForRun:
    """A file that the service keeps and that a step needs; `file_name` is a plain one."""

    sha256: str
    size: int
    file_name: str


@dataclass(frozen=True, slots=True)
class SoftwareForRun:
    """`target_os_type` is also what the installer implies; `file` is what a device has to download from the
    service, if anything."""

    id: int
    name: str
    version_text: str
    target_os_type: str | None
    timeout_s: int
    exit_codes: tuple[int, ...]
    installer_type: InstallerType
    file: FileForRun | None
    install: SoftwareJob
    uninstall: SoftwareJob | None

    def job(self, action: str) -> SoftwareJob:
        """What a device is to do for INSTALL or UNINSTALL. Raises InvalidError where nothing says how it is
        removed."""
        if action == INSTALL:
            return self.install
        if self.uninstall is None:
            raise InvalidError(
                f'Nothing says how "{self.name}" is removed: add an uninstall command to it.',
                code="no_uninstall",
            )
        return self.uninstall


_BY_ITSELF = frozenset(
    {InstallerType.MSI, InstallerType.WINGET, InstallerType.CHOCO, InstallerType.APT, InstallerType.DNF}
)
"""They remove what they installed; the others need a command for it."""


def software_for_run(session: Session, software_id: int) -> SoftwareForRun:
    """The item as it is now. Raises NotFoundError."""
    row = live_software(session, software_id)
    installer = InstallerType(row.installer_type)
    removable = installer in _BY_ITSELF or bool(row.uninstall_command)
    return SoftwareForRun(
        id=row.id,
        name=row.name,
        version_text=row.version_text,
        target_os_type=system_of(installer, row.target_os_type),
        timeout_s=row.timeout_s,
        exit_codes=tuple(row.exit_codes),
        installer_type=installer,
        file=_file_of(row),
        install=_job(row, INSTALL, row.install_command, row.install_args),
        uninstall=_job(row, UNINSTALL, row.uninstall_command, row.uninstall_args) if removable else None,
    )


def _file_of(row: SoftwareRow) -> FileForRun | None:
    if row.source_type != SourceType.UPLOAD or row.sha256 is None or row.file_size is None:
        return None
    return FileForRun(row.sha256, row.file_size, plain_file_name(row.file_name))


def _job(row: SoftwareRow, action: str, command: str, arguments: str) -> SoftwareJob:
    package = row.source or row.name if row.installer_type in PACKAGE_MANAGERS else row.source
    return SoftwareJob(
        action=action,
        name=row.name,
        version=row.version_text,
        installer_type=row.installer_type,
        source_type=row.source_type,
        source=package,
        file_name=plain_file_name(row.file_name) if row.file_name else "",
        sha256=row.sha256 or "",
        size=row.file_size or 0,
        language=row.language,
        command=command,
        arguments=arguments,
        detection=msgspec.convert(row.detection, SoftwareDetection),
        exit_codes=tuple(row.exit_codes),
    )
