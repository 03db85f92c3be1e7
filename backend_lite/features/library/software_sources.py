"""Where the file of a software item comes from."""

from __future__ import annotations

import re
from pathlib import PureWindowsPath
from urllib.parse import unquote, urlsplit

from backend_lite.contract.software import PACKAGE_MANAGERS, InstallerType, SoftwareCreate, SourceType
from backend_lite.errors import InvalidError

MAX_SOURCE = 2000
_NEEDED = frozenset({InstallerType.MSI, InstallerType.EXE})
_UNC = re.compile(r"\\\\[^\\/:*?\"<>|]+\\[^\\/:*?\"<>|]+(\\.*)?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PACKAGE = re.compile(r"[\w.+@/:~][\w.+@/:~ -]*")


def checked_source(installer: InstallerType, wanted: SoftwareCreate) -> tuple[SourceType, str, str]:
    """How its file is found, where, and what it is called. Raises InvalidError."""
    kind, source = _checked_type(wanted.source_type), wanted.source.strip()
    if len(source) > MAX_SOURCE or _CONTROL.search(source):
        raise InvalidError(
            f"The source is one line of at most {MAX_SOURCE} characters without control characters."
        )
    if installer in PACKAGE_MANAGERS:
        return _package(installer, kind, source)
    if kind is SourceType.NONE:
        if installer in _NEEDED:
            raise InvalidError(
                "source is required unless using winget or choco: say where the installer comes from, or "
                "upload it.",
                code="no_source",
            )
        return kind, "", ""
    return _file(kind, source, wanted)


def _package(installer: InstallerType, kind: SourceType, source: str) -> tuple[SourceType, str, str]:
    if kind is not SourceType.NONE:
        raise InvalidError(
            f"{installer} fetches its packages by itself: leave the source type at none, and name the "
            "package as the source."
        )
    if source and not _PACKAGE.fullmatch(source):
        raise InvalidError(f'"{source[:80]}" cannot be the name of a package of {installer}.')
    return kind, source, ""


def _file(kind: SourceType, source: str, wanted: SoftwareCreate) -> tuple[SourceType, str, str]:
    if kind is SourceType.UPLOAD:
        if not wanted.sha256 or not wanted.file_name:
            raise InvalidError("Upload the file first, then name it by its sha256 and file_name.")
        return kind, "", wanted.file_name
    if not source:
        raise InvalidError(f"source is required: {_EXAMPLES[kind]}", code="no_source")
    is_url = kind is SourceType.URL
    named = _checked_url(source, wanted.sha256) if is_url else _checked_path(kind, source)
    return kind, source, wanted.file_name or named


_EXAMPLES = {
    SourceType.URL: "the address of the file, such as https://example.org/setup.msi.",
    SourceType.FILE_SHARE: r"the path of the file, such as \\server\share\setup.msi or /mnt/share/setup.deb.",
    SourceType.LOCAL_PATH: r"the path on the device, such as C:\Install\setup.msi or /opt/setup.deb.",
}


def _checked_url(url: str, sha256: str | None) -> str:
    """The name at its end, which may be empty."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host or " " in url:
        raise InvalidError(
            f'"{url[:80]}" is no address to download from: it begins with https:// and names a host.',
            code="bad_url",
        )
    if parts.username is not None or parts.password is not None:
        raise InvalidError("Leave name and password out of the address: everybody could read them there.")
    if parts.scheme == "http" and not sha256:
        raise InvalidError(
            "Without encryption nobody can tell whether the file is the right one: use https, or name its "
            "sha256.",
            code="checksum_needed",
        )
    return unquote(parts.path.rpartition("/")[2])


def _checked_path(kind: SourceType, path: str) -> str:
    """The name at its end. Whether a system has such paths shows on the device."""
    windows = PureWindowsPath(path)
    unc = bool(_UNC.fullmatch(path))
    fits = unc if path.startswith("\\") else path.startswith("/") or bool(windows.drive and windows.root)
    if kind is SourceType.LOCAL_PATH and unc:
        raise InvalidError("This is the path of a share: choose it as the type of the source.")
    if not fits or ".." in windows.parts:
        raise InvalidError(f'"{path[:80]}" is no whole path: give {_EXAMPLES[kind]}', code="bad_path")
    return windows.name


def _checked_type(text: str) -> SourceType:
    try:
        return SourceType(text)
    except ValueError:
        raise InvalidError(
            f'"{text[:40]}" is no source of files: use one of {", ".join(SourceType)}.'
        ) from None
