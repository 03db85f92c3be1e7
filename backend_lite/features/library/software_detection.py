"""How a device tells that a software item is there: what fits which installer and system."""

from __future__ import annotations

import re
from pathlib import PureWindowsPath

from backend_lite.contract.software import PACKAGE_MANAGERS, Detection, DetectionType, InstallerType
from backend_lite.errors import InvalidError
from backend_lite.features.library.software_systems import is_windows

MAX_VALUE = 1000
MAX_SCRIPT = 64 << 10
_VERSION = re.compile(r"[0-9][0-9A-Za-z.+~:_-]{0,99}")
_PRODUCT = re.compile(r"\{?([0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12})\}?")
_KEY = re.compile(r"(HKLM|HKCU|HKCR|HKU|HKEY_[A-Z_]+)\\[^\x00-\x1f]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ON_WINDOWS = frozenset({DetectionType.MSI_PRODUCT, DetectionType.REGISTRY})


def checked_detection(wanted: Detection, installer: InstallerType, system: str | None) -> Detection:
    """In its normal form. `system` is what the item is for. Raises InvalidError."""
    kind, value, version = wanted.type, wanted.value.strip(), wanted.version.strip()
    if kind is DetectionType.NONE:
        return Detection()
    windows = is_windows(system)
    if kind in _ON_WINDOWS and windows is False:
        raise InvalidError(f"Only Windows has what {kind} looks at, and the item is for {system}.")
    if kind is DetectionType.PACKAGE:
        _check_manager(installer)
    elif not value:
        raise InvalidError(f"The detection needs {_WANTED[kind]}.", code="bad_detection")
    _check_version(kind, version)
    if kind is DetectionType.SCRIPT:
        return Detection(kind, _script(wanted.value), "")
    if len(value) > MAX_VALUE or _CONTROL.search(value):
        raise InvalidError(f"The detection has one line of at most {MAX_VALUE} characters.")
    return Detection(kind, _normal(kind, value, windows), version)


_WANTED = {
    DetectionType.INSTALLED: "the name in the list of installed software, such as 7-Zip*",
    DetectionType.MSI_PRODUCT: "the product code, such as {23170F69-40C1-2702-2301-000001000000}",
    DetectionType.FILE: r"the whole path of a file, such as C:\Program Files\7-Zip\7z.exe or /usr/bin/7z",
    DetectionType.REGISTRY: r"a key, such as HKLM\SOFTWARE\7-Zip, and after a @ the name of a value",
    DetectionType.SCRIPT: "a script that ends with 0 where the item is installed",
}


def _normal(kind: DetectionType, value: str, windows: bool | None) -> str:
    if kind is DetectionType.MSI_PRODUCT:
        found = _PRODUCT.fullmatch(value.upper())
        if found is None:
            raise _will_not_do(kind, value)
        return f"{{{found[1]}}}"
    if kind is DetectionType.REGISTRY and not _KEY.match(value):
        raise _will_not_do(kind, value)
    if kind is DetectionType.FILE and not _is_whole_path(value, windows):
        raise _will_not_do(kind, value)
    return value


def _is_whole_path(path: str, windows: bool | None) -> bool:
    parts = PureWindowsPath(path)
    if ".." in parts.parts:
        return False
    on_windows = bool(parts.drive and parts.root) or path.startswith("%")
    if windows is None:
        return on_windows or path.startswith("/")
    return on_windows if windows else path.startswith("/")


def _check_manager(installer: InstallerType) -> None:
    if installer not in PACKAGE_MANAGERS:
        raise InvalidError(
            f"Only a package manager knows packages, and the item is installed by {installer}: "
            "choose another detection.",
            code="bad_detection",
        )


def _check_version(kind: DetectionType, version: str) -> None:
    if not version:
        return
    if kind is DetectionType.SCRIPT:
        raise InvalidError("A script tells by itself which version it wants: leave the version empty.")
    if not _VERSION.fullmatch(version):
        raise InvalidError(f'"{version[:40]}" is no version: it begins with a digit, such as 23.01.')


def _script(text: str) -> str:
    if (size := len(text.encode())) > MAX_SCRIPT:
        raise InvalidError(f"The detection script has {size:,} bytes; at most {MAX_SCRIPT:,} are allowed.")
    if "\0" in text:
        raise InvalidError("The detection script holds a NUL character: it is not text.")
    return text


def _will_not_do(kind: DetectionType, value: str) -> InvalidError:
    return InvalidError(
        f'"{value[:80]}" will not do: the detection needs {_WANTED[kind]}.', code="bad_detection"
    )
