"""Windows: products, values of the registry, versions of files."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
import winreg
from collections.abc import Iterator
from ctypes import wintypes

from agent.probes.windows_software import uninstallable

_HIVES = {
    "HKLM": winreg.HKEY_LOCAL_MACHINE,
    "HKEY_LOCAL_MACHINE": winreg.HKEY_LOCAL_MACHINE,
    "HKCU": winreg.HKEY_CURRENT_USER,
    "HKEY_CURRENT_USER": winreg.HKEY_CURRENT_USER,
    "HKCR": winreg.HKEY_CLASSES_ROOT,
    "HKEY_CLASSES_ROOT": winreg.HKEY_CLASSES_ROOT,
    "HKU": winreg.HKEY_USERS,
    "HKEY_USERS": winreg.HKEY_USERS,
}
_FIXED_INFO_VERSION = slice(8, 16)

_version = ctypes.WinDLL("version", use_last_error=True)
_version.GetFileVersionInfoSizeW.argtypes = (wintypes.LPCWSTR, ctypes.c_void_p)
_version.GetFileVersionInfoW.argtypes = (wintypes.LPCWSTR, wintypes.DWORD, wintypes.DWORD, ctypes.c_void_p)
_version.VerQueryValueW.argtypes = (
    ctypes.c_void_p,
    wintypes.LPCWSTR,
    ctypes.POINTER(ctypes.c_void_p),
    ctypes.POINTER(wintypes.UINT),
)


def product(code: str) -> Iterator[str]:
    """The versions of the product of this code that are installed."""
    for found in uninstallable():
        if found.key.casefold() == code.casefold():
            yield found.text("DisplayVersion")


def registry(place: str) -> Iterator[str]:
    """The values at `HIVE\\KEY@NAME`, or an empty text for a key that is there, in both views."""
    path, _, name = place.partition("@")
    hive, _, key = path.partition("\\")
    root = _HIVES.get(hive.upper())
    if root is None:
        return
    for view in (winreg.KEY_WOW64_64KEY, winreg.KEY_WOW64_32KEY):
        try:
            with winreg.OpenKey(root, key, 0, winreg.KEY_READ | view) as opened:
                yield str(winreg.QueryValueEx(opened, name)[0]) if name else ""
        except OSError:
            continue


def file_version(path: str) -> str:
    """The four numbers of a program's or library's version, or nothing where it has none."""
    size = _version.GetFileVersionInfoSizeW(path, None)
    if not size:
        return ""
    data = ctypes.create_string_buffer(size)
    start, length = ctypes.c_void_p(), wintypes.UINT()
    if not (
        _version.GetFileVersionInfoW(path, 0, size, data)
        and _version.VerQueryValueW(data, "\\", ctypes.byref(start), ctypes.byref(length))
        and start.value is not None
    ):
        return ""
    raw = ctypes.string_at(start.value, length.value)[_FIXED_INFO_VERSION]
    high, low = int.from_bytes(raw[:4], "little"), int.from_bytes(raw[4:], "little")
    return f"{high >> 16}.{high & 0xFFFF}.{low >> 16}.{low & 0xFFFF}"
