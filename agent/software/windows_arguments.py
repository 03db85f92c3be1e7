"""Windows: a command line's words, as the system's own function parts them."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
from ctypes import wintypes

_shell32 = ctypes.WinDLL("shell32", use_last_error=True)
_kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
_shell32.CommandLineToArgvW.argtypes = (wintypes.LPCWSTR, ctypes.POINTER(ctypes.c_int))
_shell32.CommandLineToArgvW.restype = ctypes.POINTER(wintypes.LPWSTR)
_kernel32.LocalFree.argtypes = (ctypes.c_void_p,)


def parted(arguments: str) -> list[str]:
    count = ctypes.c_int()
    # The first word is the program's and is parted by other rules.
    words = _shell32.CommandLineToArgvW(f"x {arguments}", ctypes.byref(count))
    if not words:
        raise ctypes.WinError(ctypes.get_last_error())
    try:
        return [str(words[number]) for number in range(1, count.value)]
    finally:
        _kernel32.LocalFree(words)
