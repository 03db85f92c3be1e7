"""Software items in words."""

from __future__ import annotations

from typing import Any

from backend_lite.contract.software import DetectionType, InstallerType, SourceType
from console.core.formatting import NOTHING
from console.core.texts import tr

Object = dict[str, Any]

_INSTALLERS = {
    InstallerType.MSI: "Windows Installer (MSI)",
    InstallerType.EXE: "Setup program (EXE)",
    InstallerType.WINGET: "winget package",
    InstallerType.CHOCO: "Chocolatey package",
    InstallerType.APT: "apt package (Debian, Ubuntu)",
    InstallerType.DNF: "dnf package (RHEL, CentOS)",
    InstallerType.SCRIPT: "Script",
    InstallerType.CUSTOM: "Command line",
}
_SOURCES = {
    SourceType.NONE: "No file",
    SourceType.UPLOAD: "Upload to the service",
    SourceType.URL: "Download address",
    SourceType.FILE_SHARE: "File share",
    SourceType.LOCAL_PATH: "Path on the device",
}
_SHORT_SOURCES = {
    SourceType.UPLOAD: "Upload",
    SourceType.URL: "Address",
    SourceType.FILE_SHARE: "Share",
    SourceType.LOCAL_PATH: "Path",
}
_DETECTIONS = {
    DetectionType.NONE: "They cannot tell",
    DetectionType.INSTALLED: "Name in the list of installed software",
    DetectionType.PACKAGE: "The package manager knows it",
    DetectionType.MSI_PRODUCT: "MSI product code",
    DetectionType.FILE: "A file is there",
    DetectionType.REGISTRY: "A registry key or value is there",
    DetectionType.SCRIPT: "A script ends with 0",
}
_DETECTION_HELP = {
    DetectionType.NONE: "It is installed each time that it is run, and nothing checks afterwards whether it "
    "is there.",
    DetectionType.INSTALLED: "As the device lists it; * stands for any text, such as 7-Zip*.",
    DetectionType.PACKAGE: "The package named above; leave it empty, or name another one.",
    DetectionType.MSI_PRODUCT: "Such as {23170F69-40C1-2702-2301-000001000000}. It is also what removes it.",
    DetectionType.FILE: r"The whole path, such as C:\Program Files\7-Zip\7z.exe or /usr/bin/7z.",
    DetectionType.REGISTRY: r"A key, such as HKLM\SOFTWARE\7-Zip; after a @ the name of one of its values.",
    DetectionType.SCRIPT: "It runs before and after: 0 says that the item is there, anything else that it "
    "is not.",
}
_SOURCE_HELP = {
    SourceType.URL: "Devices download it themselves, such as from https://example.org/setup.msi.",
    SourceType.FILE_SHARE: r"Such as \\server\share\setup.msi; devices need the right to read it.",
    SourceType.LOCAL_PATH: r"Where it lies on every device already, such as C:\Install\setup.msi.",
}


def installer_title(kind: str) -> str:
    return tr(_INSTALLERS[InstallerType(kind)])


def source_title(kind: str) -> str:
    return tr(_SOURCES[SourceType(kind)])


def source_help(kind: str) -> str:
    return tr(_SOURCE_HELP.get(SourceType(kind), ""))


def detection_title(kind: str) -> str:
    return tr(_DETECTIONS[DetectionType(kind)])


def detection_help(kind: str) -> str:
    return tr(_DETECTION_HELP[DetectionType(kind)])


def source_words(item: Object) -> str:
    """`Upload · setup.msi`, `Address · setup.msi`, or the package's name."""
    kind = SourceType(item["source_type"])
    if kind is SourceType.NONE:
        return str(item["source"]) or NOTHING
    return f"{tr(_SHORT_SOURCES[kind])} · {item['file_name'] or item['source']}"
