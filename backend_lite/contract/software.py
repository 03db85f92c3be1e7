"""Software items, and what is installed on devices."""

from __future__ import annotations

from enum import StrEnum

from msgspec import UNSET, Struct, UnsetType, field

from backend_lite.contract.common import Time

SOFTWARE = "/api/v1/software"
SOFTWARE_UPLOADS = f"{SOFTWARE}/uploads"
INSTALLED = "/api/v1/installed-software"


class InstallerType(StrEnum):
    """How it is installed. CUSTOM: `install_command` is a command line of the system's shell, as the
    documented API has it; SCRIPT: it is a script in `language`."""

    MSI = "msi"
    EXE = "exe"
    WINGET = "winget"
    CHOCO = "choco"
    APT = "apt"
    DNF = "dnf"
    SCRIPT = "script"
    CUSTOM = "custom"


PACKAGE_MANAGERS = frozenset(
    {InstallerType.WINGET, InstallerType.CHOCO, InstallerType.APT, InstallerType.DNF}
)
"""They fetch what `source` names by themselves."""


class SourceType(StrEnum):
    """Where the file comes from. UPLOAD: kept by the service, `file_sha256` names it."""

    NONE = "none"
    UPLOAD = "upload"
    URL = "url"
    FILE_SHARE = "file_share"
    LOCAL_PATH = "local_path"


class DetectionType(StrEnum):
    """How a device tells whether it is installed.

    INSTALLED: `value` is its name in the list of installed software (`*` stands for any text). PACKAGE:
    of the item's package manager. MSI_PRODUCT: `value` is the product code. FILE: `value` is a path.
    REGISTRY: `value` is a key, such as `HKLM\\\\SOFTWARE\\\\Vendor`, and after a `@` the name of one of
    its values. SCRIPT: `value` is a script in `language` that ends with 0 where it is installed. With
    `version` it must be at least that (not for SCRIPT).
    """

    NONE = "none"
    INSTALLED = "installed"
    PACKAGE = "package"
    MSI_PRODUCT = "msi_product"
    FILE = "file"
    REGISTRY = "registry"
    SCRIPT = "script"


class Detection(Struct):
    type: DetectionType = DetectionType.NONE
    value: str = ""
    version: str = ""


class SoftwareItem(Struct):
    """`source` is a URL, a path or the package's name. `sha256` is what the file must have (of an upload
    its own). `install_args`, `uninstall_args` are given to the installer as the system's own command line
    parts them. `exit_codes` are successes besides those that announce a restart. A package manager without a
    `source` looks for the name."""

    id: int
    name: str
    slug: str
    version_text: str
    description: str | None
    tags: str
    publisher: str
    installer_type: InstallerType
    source_type: SourceType
    source: str
    file_name: str
    file_size: int | None
    sha256: str | None
    language: str
    install_command: str
    install_args: str
    uninstall_command: str
    uninstall_args: str
    detection: Detection
    exit_codes: list[int]
    timeout_s: int
    target_os_type: str | None
    created_at: Time
    updated_at: Time
    version: int


class SoftwareCreate(Struct):
    """POST SOFTWARE. The documented body has `name`, `install_command`, `description`, `tags` (commas)."""

    name: str
    install_command: str = ""
    description: str | None = None
    tags: str | None = ""
    slug: str = ""
    version_text: str = ""
    publisher: str = ""
    installer_type: str = "custom"
    source_type: str = "none"
    source: str = ""
    file_name: str = ""
    sha256: str | None = None
    language: str = ""
    install_args: str = ""
    uninstall_command: str = ""
    uninstall_args: str = ""
    detection: Detection = field(default_factory=Detection)
    exit_codes: list[int] = field(default_factory=lambda: [0])
    timeout_s: int | None = None
    target_os_type: str | None = None


class SoftwareUpdate(Struct):
    """PUT: any subset."""

    name: str | UnsetType = UNSET
    install_command: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    tags: str | UnsetType | None = UNSET
    slug: str | UnsetType = UNSET
    version_text: str | UnsetType = UNSET
    publisher: str | UnsetType = UNSET
    installer_type: str | UnsetType = UNSET
    source_type: str | UnsetType = UNSET
    source: str | UnsetType = UNSET
    file_name: str | UnsetType = UNSET
    sha256: str | UnsetType | None = UNSET
    language: str | UnsetType = UNSET
    install_args: str | UnsetType = UNSET
    uninstall_command: str | UnsetType = UNSET
    uninstall_args: str | UnsetType = UNSET
    detection: Detection | UnsetType = UNSET
    exit_codes: list[int] | UnsetType = UNSET
    timeout_s: int | UnsetType = UNSET
    target_os_type: str | UnsetType | None = UNSET


class SoftwareCopy(Struct):
    """POST SOFTWARE/{id}/duplicate. Without a name: that of the original with "(copy)", numbered where
    needed."""

    name: str | None = None


class InstalledSoftware(Struct):
    """A line of DEVICES/{id}/software. `source` is where the device knows it from: `registry`, `dpkg`,
    `rpm`..."""

    name: str
    version: str
    publisher: str = ""
    source: str = ""
    architecture: str = ""
    installed_on: str = ""


class DeviceSoftware(Struct):
    """GET DEVICES/{id}/software: null `reported_at` where the device never told."""

    items: list[InstalledSoftware]
    reported_at: Time | None


class SoftwareCount(Struct):
    """A line of GET INSTALLED?q=&sort=&limit=&offset=: a name, on how many devices, in which versions."""

    name: str
    publisher: str
    devices: int
    versions: dict[str, int]


class InstalledOn(Struct):
    """A line of GET INSTALLED/devices?name=&version=: where it is."""

    device_id: int
    hostname: str
    version: str
    source: str
