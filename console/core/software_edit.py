"""Software items as they are in the editor: values, and which of them belong to which installer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import UNSET

from backend_lite.contract.library import Language, os_matches
from backend_lite.contract.runs import DEFAULT_TIMEOUT_S
from backend_lite.contract.software import (
    PACKAGE_MANAGERS,
    Detection,
    DetectionType,
    InstallerType,
    SoftwareCreate,
    SoftwareItem,
    SoftwareUpdate,
    SourceType,
)
from backend_lite.contract.uploads import StoredFile

_FILES = (
    SourceType.UPLOAD,
    SourceType.URL,
    SourceType.FILE_SHARE,
    SourceType.LOCAL_PATH,
)
_SYSTEMS = {
    InstallerType.MSI: ("windows",),
    InstallerType.WINGET: ("windows",),
    InstallerType.CHOCO: ("windows",),
    InstallerType.APT: ("debian", "ubuntu", "proxmox"),
    InstallerType.DNF: ("rhel", "centos"),
}
_TYPES_OF_FILES = {".msi": InstallerType.MSI, ".exe": InstallerType.EXE}


class EditedSoftware(msgspec.Struct, frozen=True):
    """Texts as they are typed; empty ones say nothing, and an empty `slug` follows the name.
    `target_os_type` is empty for any system, `exit_codes` a text with commas. `file_size` is that of an
    uploaded file, for show."""

    name: str = ""
    slug: str = ""
    version_text: str = ""
    publisher: str = ""
    description: str = ""
    tags: str = ""
    target_os_type: str = ""
    installer_type: str = InstallerType.MSI.value
    source_type: str = SourceType.UPLOAD.value
    source: str = ""
    file_name: str = ""
    file_size: int | None = None
    sha256: str = ""
    language: str = ""
    install_command: str = ""
    install_args: str = ""
    uninstall_command: str = ""
    uninstall_args: str = ""
    detect_type: str = DetectionType.NONE.value
    detect_value: str = ""
    detect_version: str = ""
    exit_codes: str = "0"
    timeout_s: int = DEFAULT_TIMEOUT_S

    @staticmethod
    def of(item: SoftwareItem) -> EditedSoftware:
        return EditedSoftware(
            name=item.name,
            slug=item.slug,
            version_text=item.version_text,
            publisher=item.publisher,
            description=item.description or "",
            tags=item.tags,
            target_os_type=item.target_os_type or "",
            installer_type=item.installer_type.value,
            source_type=item.source_type.value,
            source=item.source,
            file_name=item.file_name,
            file_size=item.file_size,
            sha256=item.sha256 or "",
            language=item.language,
            install_command=item.install_command,
            install_args=item.install_args,
            uninstall_command=item.uninstall_command,
            uninstall_args=item.uninstall_args,
            detect_type=item.detection.type.value,
            detect_value=item.detection.value,
            detect_version=item.detection.version,
            exit_codes=", ".join(map(str, item.exit_codes)),
            timeout_s=item.timeout_s,
        )

    def as_new(self) -> SoftwareCreate:
        return SoftwareCreate(**self._sent())

    def as_change(self, saved: EditedSoftware) -> SoftwareUpdate:
        """What is not changed is not sent."""
        now, before = self._sent(), saved._sent()
        return SoftwareUpdate(**{key: value if value != before[key] else UNSET for key, value in now.items()})

    def with_installer(self, kind: str) -> EditedSoftware:
        """Another way to install: what the new one cannot have is dropped, what it needs is proposed."""
        installer, source_type = InstallerType(kind), SourceType(self.source_type)
        changed: dict[str, Any] = {"installer_type": kind}
        if installer in PACKAGE_MANAGERS:
            kept = self.source if self.installer_type in PACKAGE_MANAGERS else ""
            changed |= _no_file() | {"source": kept}
        elif installer in (InstallerType.MSI, InstallerType.EXE):
            if source_type is SourceType.NONE:
                changed |= {"source_type": SourceType.UPLOAD.value, "source": ""}
        elif self.installer_type in PACKAGE_MANAGERS or not (self.sha256 or self.source):
            changed |= _no_file()
        systems = _SYSTEMS.get(installer, ())
        if systems and not any(os_matches(system, self.target_os_type) for system in systems):
            changed["target_os_type"] = ""
        made = msgspec.structs.replace(self, **changed)
        made = made.with_language_needed()
        return made if made.detect_type in shape_of(made).detections else made.with_detection("none")

    def with_source(self, kind: str) -> EditedSoftware:
        """Another source: what named the former file is dropped."""
        if kind == self.source_type:
            return self
        return msgspec.structs.replace(self, **_no_file() | {"source_type": kind})

    def with_detection(self, kind: str) -> EditedSoftware:
        made = msgspec.structs.replace(self, detect_type=kind, detect_value="", detect_version="")
        return made.with_language_needed()

    def with_file(self, file: StoredFile) -> EditedSoftware:
        """The uploaded file; it says what kind of installer it is where that is plain."""
        ending = "." + file.file_name.rpartition(".")[2].lower()
        kind = _TYPES_OF_FILES.get(ending)
        if self.installer_type in PACKAGE_MANAGERS:
            made = self.with_installer(kind or InstallerType.CUSTOM)
        elif kind is not None and self.installer_type in _TYPES_OF_FILES.values():
            made = self.with_installer(kind)
        else:
            made = self
        name = made.name or file.file_name.rpartition(".")[0]
        return msgspec.structs.replace(
            made,
            name=name,
            source_type=SourceType.UPLOAD.value,
            source="",
            file_name=file.file_name,
            file_size=file.size,
            sha256=file.sha256,
        )

    def with_language_needed(self) -> EditedSoftware:
        if not shape_of(self).language or self.language:
            return self
        windows = self.target_os_type.startswith("windows") or self.installer_type in _ONLY_WINDOWS
        language = Language.POWERSHELL if windows or not self.target_os_type else Language.BASH
        return msgspec.structs.replace(self, language=language.value)

    def _sent(self) -> dict[str, Any]:
        return {
            "name": self.name.strip(),
            "slug": self.slug.strip(),
            "version_text": self.version_text.strip(),
            "publisher": self.publisher.strip(),
            "description": self.description.strip() or None,
            "tags": self.tags.strip(),
            "target_os_type": self.target_os_type or None,
            "installer_type": self.installer_type,
            "source_type": self.source_type,
            "source": self.source.strip(),
            "file_name": self.file_name,
            "sha256": self.sha256.strip() or None,
            "language": self.language if shape_of(self).language else "",
            "install_command": self.install_command,
            "install_args": self.install_args.strip(),
            "uninstall_command": self.uninstall_command,
            "uninstall_args": self.uninstall_args.strip(),
            "detection": Detection(
                DetectionType(self.detect_type), self.detect_value, self.detect_version.strip()
            ),
            "exit_codes": parse_codes(self.exit_codes) or [],
            "timeout_s": self.timeout_s,
        }


_ONLY_WINDOWS = (InstallerType.MSI, InstallerType.EXE, InstallerType.WINGET, InstallerType.CHOCO)


def _no_file() -> dict[str, Any]:
    return {
        "source_type": SourceType.NONE.value,
        "source": "",
        "file_name": "",
        "file_size": None,
        "sha256": "",
    }


def parse_codes(text: str) -> list[int] | None:
    """Exit codes with commas or spaces between them; None where one is no number, or there is none."""
    try:
        found = [int(part) for part in text.replace(",", " ").split()]
    except ValueError:
        return None
    return list(dict.fromkeys(found)) or None


@dataclass(frozen=True)
class Shape:
    """Which fields an item has. `sources` are the kinds of files that it can have, none for a package.
    `install` and `uninstall` are `command`, `script` or empty: whether there is a text, and what it is.
    `checksum` is `shown` for a file whose bytes the service knows, `asked` for another one, or empty."""

    sources: tuple[SourceType, ...]
    install: str
    uninstall: str
    checksum: str
    language: bool
    detections: tuple[DetectionType, ...]
    detect_version: bool
    systems: tuple[str, ...]

    @property
    def package(self) -> bool:
        return not self.sources


def shape_of(item: EditedSoftware) -> Shape:
    installer, source = InstallerType(item.installer_type), SourceType(item.source_type)
    scripted = installer is InstallerType.SCRIPT
    detect = DetectionType(item.detect_type)
    text = "script" if scripted else "command"
    by_itself = installer in PACKAGE_MANAGERS or installer is InstallerType.MSI
    return Shape(
        sources=_sources(installer),
        install=text if scripted or installer is InstallerType.CUSTOM or item.install_command else "",
        uninstall="" if by_itself and not item.uninstall_command else text,
        checksum="shown" if source is SourceType.UPLOAD else "asked" if source in _FILES else "",
        language=scripted or detect is DetectionType.SCRIPT,
        detections=_detections(installer, item.target_os_type),
        detect_version=detect not in (DetectionType.NONE, DetectionType.SCRIPT),
        systems=_SYSTEMS.get(installer, ()),
    )


def _sources(installer: InstallerType) -> tuple[SourceType, ...]:
    if installer in PACKAGE_MANAGERS:
        return ()
    needed = installer in (InstallerType.MSI, InstallerType.EXE)
    return _FILES if needed else (SourceType.NONE, *_FILES)


def _detections(installer: InstallerType, system: str) -> tuple[DetectionType, ...]:
    of_windows = installer in _ONLY_WINDOWS or (
        installer not in _SYSTEMS and os_matches("windows", system or None)
    )
    found = [DetectionType.NONE, DetectionType.INSTALLED]
    if installer in PACKAGE_MANAGERS:
        found.append(DetectionType.PACKAGE)
    if of_windows:
        found += [DetectionType.MSI_PRODUCT, DetectionType.REGISTRY]
    return (*found, DetectionType.FILE, DetectionType.SCRIPT)
