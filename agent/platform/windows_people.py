"""Windows: who is at the screen, and what that person may be given.

Only SYSTEM may take a person's token; an agent that somebody started by hand runs steps as that somebody.
"""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
import os
from ctypes import wintypes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.platform.people import Person

_ACTIVE = 0
_USER_NAME = 5
_TOKEN_USER = 1
_FILE_OBJECT = 1
_DACL_ONLY_THIS = 0x80000004


class _Session(ctypes.Structure):
    _fields_ = (("id", wintypes.DWORD), ("station", wintypes.LPWSTR), ("state", ctypes.c_int))


_kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
_advapi32 = ctypes.WinDLL("advapi32", use_last_error=True)
_wtsapi32 = ctypes.WinDLL("wtsapi32", use_last_error=True)
_wtsapi32.WTSEnumerateSessionsW.argtypes = (
    wintypes.HANDLE,
    wintypes.DWORD,
    wintypes.DWORD,
    ctypes.POINTER(ctypes.POINTER(_Session)),
    ctypes.POINTER(wintypes.DWORD),
)
_wtsapi32.WTSQuerySessionInformationW.argtypes = (
    wintypes.HANDLE,
    wintypes.DWORD,
    ctypes.c_int,
    ctypes.POINTER(ctypes.c_void_p),
    ctypes.POINTER(wintypes.DWORD),
)
_wtsapi32.WTSFreeMemory.argtypes = (ctypes.c_void_p,)
_wtsapi32.WTSQueryUserToken.argtypes = (wintypes.ULONG, ctypes.POINTER(wintypes.HANDLE))
_kernel32.WTSGetActiveConsoleSessionId.restype = wintypes.DWORD
_kernel32.ProcessIdToSessionId.argtypes = (wintypes.DWORD, ctypes.POINTER(wintypes.DWORD))
_kernel32.CloseHandle.argtypes = (wintypes.HANDLE,)
_kernel32.LocalFree.argtypes = (ctypes.c_void_p,)
_advapi32.ConvertSidToStringSidW.argtypes = (ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p))
_advapi32.ConvertStringSecurityDescriptorToSecurityDescriptorW.argtypes = (
    wintypes.LPCWSTR,
    wintypes.DWORD,
    ctypes.POINTER(ctypes.c_void_p),
    ctypes.c_void_p,
)
_advapi32.GetSecurityDescriptorDacl.argtypes = (
    ctypes.c_void_p,
    ctypes.POINTER(wintypes.BOOL),
    ctypes.POINTER(ctypes.c_void_p),
    ctypes.POINTER(wintypes.BOOL),
)
_advapi32.SetNamedSecurityInfoW.argtypes = (
    wintypes.LPWSTR,
    ctypes.c_int,
    wintypes.DWORD,
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_void_p,
)
_advapi32.SetNamedSecurityInfoW.restype = wintypes.DWORD


def _must(done: int) -> None:
    if not done:
        raise ctypes.WinError(ctypes.get_last_error())


def person() -> Person | None:
    """Whose session is active, the one at the screen first."""
    console = _kernel32.WTSGetActiveConsoleSessionId()
    for session in sorted(_active_sessions(), key=lambda session: session != console):
        name = _user_of(session)
        if name:
            return {
                "name": name,
                "uid": 0,
                "gid": 0,
                "groups": [],
                "environment": {},
                "session": session,
                "sid": "",
            }
    return None


def may_run_as(person: Person) -> bool:
    if is_own(person):
        return True
    try:
        _kernel32.CloseHandle(token_of(person))
    except OSError:
        return False
    return True


def _active_sessions() -> list[int]:
    sessions = ctypes.POINTER(_Session)()
    count = wintypes.DWORD()
    if not _wtsapi32.WTSEnumerateSessionsW(None, 0, 1, ctypes.byref(sessions), ctypes.byref(count)):
        return []
    try:
        return [sessions[n].id for n in range(count.value) if sessions[n].state == _ACTIVE]
    finally:
        _wtsapi32.WTSFreeMemory(sessions)


def _user_of(session: int) -> str:
    name = ctypes.c_void_p()
    size = wintypes.DWORD()
    if not _wtsapi32.WTSQuerySessionInformationW(
        None, session, _USER_NAME, ctypes.byref(name), ctypes.byref(size)
    ):
        return ""
    try:
        return ctypes.wstring_at(name.value) if name.value else ""
    finally:
        _wtsapi32.WTSFreeMemory(name)


def is_own(person: Person) -> bool:
    session = wintypes.DWORD()
    found = _kernel32.ProcessIdToSessionId(os.getpid(), ctypes.byref(session))
    return bool(found) and session.value == person["session"]


def token_of(person: Person) -> int:
    token = wintypes.HANDLE()
    _must(_wtsapi32.WTSQueryUserToken(person["session"], ctypes.byref(token)))
    assert token.value is not None
    return token.value


def sid_of(token: int) -> str:
    size = wintypes.DWORD()
    _advapi32.GetTokenInformation(token, _TOKEN_USER, None, 0, ctypes.byref(size))
    user = ctypes.create_string_buffer(size.value)
    _must(_advapi32.GetTokenInformation(token, _TOKEN_USER, user, size, ctypes.byref(size)))
    text = ctypes.c_void_p()
    # The first member of TOKEN_USER points to the SID.
    _must(_advapi32.ConvertSidToStringSidW(ctypes.c_void_p.from_buffer(user), ctypes.byref(text)))
    try:
        assert text.value is not None
        return ctypes.wstring_at(text.value)
    finally:
        _kernel32.LocalFree(text)


def grant(folder: str, person: Person) -> None:
    """Let SYSTEM, administrators and this person, and nobody else, into a folder and all that is in it.

    The folders above need nothing: everybody may pass through folders on the way to one that is open to them.
    """
    if is_own(person):
        return
    token = token_of(person)
    try:
        allow(folder, sid_of(token))
    finally:
        _kernel32.CloseHandle(token)


def allow(folder: str, sid: str) -> None:
    """Give a folder and all that is in it an access list of its own: SYSTEM, administrators, and this one."""
    rules = f"D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;{sid})"
    descriptor = ctypes.c_void_p()
    _must(
        _advapi32.ConvertStringSecurityDescriptorToSecurityDescriptorW(
            rules, 1, ctypes.byref(descriptor), None
        )
    )
    try:
        present, defaulted, dacl = wintypes.BOOL(), wintypes.BOOL(), ctypes.c_void_p()
        _must(
            _advapi32.GetSecurityDescriptorDacl(
                descriptor, ctypes.byref(present), ctypes.byref(dacl), ctypes.byref(defaulted)
            )
        )
        error = _advapi32.SetNamedSecurityInfoW(folder, _FILE_OBJECT, _DACL_ONLY_THIS, None, None, dacl, None)
        if error:
            raise ctypes.WinError(error)
    finally:
        _kernel32.LocalFree(descriptor)
