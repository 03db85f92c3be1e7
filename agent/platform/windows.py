"""Windows: registry, access lists, shells."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
import msvcrt
import os
import shutil
import winreg
from ctypes import wintypes
from pathlib import Path
from typing import IO

from agent.platform.base import Platform, own_python

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.platform.people import Person

# Full access for SYSTEM, administrators and the owner, handed down to everything inside; nothing inherited.
_PRIVATE = "D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;OW)"
_REG_OPTION_VOLATILE = 1
_KEY_ALL_ACCESS = 0xF003F
_BOOT_KEY = r"SOFTWARE\DeployFlow\ThisBoot"
_VERSION_KEY = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion"
_FIRST_BUILD_OF_11 = 22000


class Windows(Platform):
    os_type = "windows"

    def boot_id(self) -> str:
        try:
            return _boot_id(winreg.HKEY_LOCAL_MACHINE)
        except PermissionError:
            # An agent started by an ordinary user. This hive goes at sign-out, which counts as a restart.
            return _boot_id(winreg.HKEY_CURRENT_USER)

    def make_private_folder(self, path: Path) -> None:
        descriptor = ctypes.c_void_p()
        _must(
            _advapi32.ConvertStringSecurityDescriptorToSecurityDescriptorW(
                _PRIVATE, 1, ctypes.byref(descriptor), None
            )
        )
        attributes = _SecurityAttributes(ctypes.sizeof(_SecurityAttributes), descriptor, False)
        try:
            _must(_kernel32.CreateDirectoryW(str(path), ctypes.byref(attributes)))
        finally:
            _kernel32.LocalFree(descriptor)

    def lock_file(self, file: IO[bytes]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

    def interpreter(self, language: str) -> str | None:
        system = Path(os.environ.get("SYSTEMROOT", r"C:\Windows")) / "System32"
        if language == "powershell":
            built_in = system / "WindowsPowerShell" / "v1.0" / "powershell.exe"
            return str(built_in) if built_in.exists() else shutil.which("pwsh")
        if language == "cmd":
            return str(system / "cmd.exe")
        return _python() if language == "python" else None

    def person(self) -> Person | None:
        from agent.platform import windows_people

        return windows_people.person()

    def may_run_as(self, person: Person) -> bool:
        from agent.platform import windows_people

        return windows_people.may_run_as(person)

    def restart_command(self, delay_s: int, notice: str) -> list[str]:
        system = os.environ.get("SYSTEMROOT", r"C:\Windows")
        return [rf"{system}\System32\shutdown.exe", "/r", "/t", str(delay_s), "/c", notice]

    def os_name_and_version(self) -> tuple[str, str]:
        name = _value(_VERSION_KEY, "ProductName") or "Windows"
        build = _value(_VERSION_KEY, "CurrentBuild")
        if build.isdigit() and int(build) >= _FIRST_BUILD_OF_11:
            # The registry of Windows 11 still says 10.
            name = name.replace("Windows 10", "Windows 11")
        release = _value(_VERSION_KEY, "DisplayVersion")
        return name, " ".join(part for part in (release, build) if part)

    def machine_facts(self) -> dict[str, str]:
        from agent.platform.windows_firmware import serial_number

        bios = r"HARDWARE\DESCRIPTION\System\BIOS"
        return {
            "serial": serial_number(),
            "machine_id": _value(r"SOFTWARE\Microsoft\Cryptography", "MachineGuid"),
            "manufacturer": _value(bios, "SystemManufacturer"),
            "model": _value(bios, "SystemProductName"),
            "cpu_model": _value(
                r"HARDWARE\DESCRIPTION\System\CentralProcessor\0", "ProcessorNameString"
            ).strip(),
            "time_zone": _value(r"SYSTEM\CurrentControlSet\Control\TimeZoneInformation", "TimeZoneKeyName"),
        }

    def install_service(self, data_folder: Path) -> str:
        from agent.platform import windows_service

        return windows_service.install(data_folder)

    def uninstall_service(self, data_folder: Path) -> str:
        from agent.platform import windows_service

        return windows_service.uninstall(data_folder)


class _SecurityAttributes(ctypes.Structure):
    _fields_ = (
        ("nLength", wintypes.DWORD),
        ("lpSecurityDescriptor", ctypes.c_void_p),
        ("bInheritHandle", wintypes.BOOL),
    )


_kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
_advapi32 = ctypes.WinDLL("advapi32", use_last_error=True)
_kernel32.CreateDirectoryW.argtypes = (wintypes.LPCWSTR, ctypes.POINTER(_SecurityAttributes))
_kernel32.LocalFree.argtypes = (ctypes.c_void_p,)
_advapi32.ConvertStringSecurityDescriptorToSecurityDescriptorW.argtypes = (
    wintypes.LPCWSTR,
    wintypes.DWORD,
    ctypes.POINTER(ctypes.c_void_p),
    ctypes.c_void_p,
)
_advapi32.RegCreateKeyExW.argtypes = (
    wintypes.HKEY,
    wintypes.LPCWSTR,
    wintypes.DWORD,
    wintypes.LPCWSTR,
    wintypes.DWORD,
    wintypes.DWORD,
    ctypes.c_void_p,
    ctypes.POINTER(wintypes.HKEY),
    ctypes.c_void_p,
)


def _must(done: int) -> None:
    if not done:
        raise ctypes.WinError(ctypes.get_last_error())


def _boot_id(hive: int) -> str:
    """A random word in a key that Windows forgets when it restarts."""
    key = wintypes.HKEY()
    error = _advapi32.RegCreateKeyExW(
        hive, _BOOT_KEY, 0, None, _REG_OPTION_VOLATILE, _KEY_ALL_ACCESS, None, ctypes.byref(key), None
    )
    if error:
        raise ctypes.WinError(error)
    assert key.value is not None
    handle = key.value
    try:
        return str(winreg.QueryValueEx(handle, "id")[0])
    except FileNotFoundError:
        winreg.SetValueEx(handle, "id", 0, winreg.REG_SZ, os.urandom(16).hex())
        return str(winreg.QueryValueEx(handle, "id")[0])
    finally:
        winreg.CloseKey(handle)


def _value(path: str, name: str) -> str:
    try:
        with winreg.OpenKey(
            winreg.HKEY_LOCAL_MACHINE, path, 0, winreg.KEY_READ | winreg.KEY_WOW64_64KEY
        ) as key:
            return str(winreg.QueryValueEx(key, name)[0])
    except OSError:
        return ""


def _python() -> str | None:
    # The one in WindowsApps only opens the shop.
    for name in ("python3", "python"):
        found = shutil.which(name)
        if found and "windowsapps" not in found.lower():
            return found
    return own_python()
