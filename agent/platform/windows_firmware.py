"""The serial number that the maker wrote into the firmware (SMBIOS, the DMTF's DSP0134)."""

from __future__ import annotations

import sys

_PROVIDER_RSMB = 0x52534D42
_SYSTEM_INFORMATION = 1
_END_OF_TABLE = 127
_HEADER_SIZE = 8
_SERIAL_FIELD = 7


def serial_number() -> str:
    """The machine's serial number, or nothing where the firmware does not tell."""
    if sys.platform != "win32":
        return ""
    import ctypes

    kernel32 = ctypes.WinDLL("kernel32")
    size = kernel32.GetSystemFirmwareTable(_PROVIDER_RSMB, 0, None, 0)
    table = ctypes.create_string_buffer(size)
    if size == 0 or kernel32.GetSystemFirmwareTable(_PROVIDER_RSMB, 0, table, size) != size:
        return ""
    return serial_in(table.raw)


def serial_in(table: bytes) -> str:
    """The serial number in what GetSystemFirmwareTable returns; nothing when the table is damaged."""
    at = _HEADER_SIZE
    while at + 4 <= len(table):
        kind, length = table[at], table[at + 1]
        end = table.find(b"\0\0", at + length)
        if end < 0 or length < 4 or kind == _END_OF_TABLE:
            break
        if kind == _SYSTEM_INFORMATION and length > _SERIAL_FIELD:
            words = table[at + length : end].split(b"\0")
            number = table[at + _SERIAL_FIELD]
            return words[number - 1].decode("ascii", "replace").strip() if 0 < number <= len(words) else ""
        at = end + 2
    return ""
