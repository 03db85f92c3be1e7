"""What a device is to install or remove: the payload of software steps, as JSON."""

from __future__ import annotations

from dataclasses import dataclass

INSTALL = "install"
UNINSTALL = "uninstall"


@dataclass(frozen=True, slots=True)
class SoftwareDetection:
    """`type` and `value` as in the service's contract (`none`, `installed`, `package`, `msi_product`, `file`,
    `registry`, `script`); `version`: at least this one, where it is not empty."""

    type: str = "none"
    value: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class SoftwareJob:
    """`action` is INSTALL or UNINSTALL. `installer_type` is `msi`, `exe`, `winget`, `choco`, `apt`,
    `dnf`, `script` or `custom`. With `source_type` `upload` the file is the offer's download; `url`,
    `file_share` and `local_path` name it in `source`; package managers find what `source` names. `sha256`
    (64 hex digits or empty) and `size` (0: not known) are the file's. `command` is a script in
    `language`, `arguments` one text that is parted as the system parts command lines. What is there
    already is not installed again, and what is not there is not removed, as far as `detection` can tell;
    afterwards it must agree."""

    action: str
    name: str
    version: str
    installer_type: str
    source_type: str = "none"
    source: str = ""
    file_name: str = ""
    sha256: str = ""
    size: int = 0
    language: str = ""
    command: str = ""
    arguments: str = ""
    detection: SoftwareDetection = SoftwareDetection()
    exit_codes: tuple[int, ...] = (0,)
