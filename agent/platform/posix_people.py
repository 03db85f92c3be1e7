"""Who is signed in: on Linux as logind says it, else the list of log-ins; on macOS whose the console is."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator

assert sys.platform != "win32"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.platform.people import Person


def person() -> Person | None:
    """The one at the screen first, else whoever signed in last."""
    candidates = (*_of_logind(), *_of_log_ins()) if sys.platform == "linux" else _of_the_console()
    for uid in candidates:
        found = describe(uid)
        if found is not None:
            return found
    return None


def describe(uid: int) -> Person | None:
    """What is known of a user, or None where there is none of that number."""
    import pwd

    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return None
    environment = {
        "HOME": entry.pw_dir,
        "USER": entry.pw_name,
        "LOGNAME": entry.pw_name,
        "SHELL": entry.pw_shell or "/bin/sh",
    }
    runtime = f"/run/user/{uid}"
    if os.path.isdir(runtime):
        environment["XDG_RUNTIME_DIR"] = runtime
        if os.path.exists(f"{runtime}/bus"):
            environment["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={runtime}/bus"
    return {
        "name": entry.pw_name,
        "uid": uid,
        "gid": entry.pw_gid,
        "groups": os.getgrouplist(entry.pw_name, entry.pw_gid),
        "environment": environment,
        "session": 0,
        "sid": "",
    }


def _of_the_console() -> Iterator[int]:
    """macOS: root owns the console while nobody is signed in at it."""
    owner = os.stat("/dev/console").st_uid
    if owner != 0:
        yield owner


def _of_log_ins() -> Iterator[int]:
    """From utmp, which not every system keeps any more."""
    import pwd

    import psutil

    try:
        users = sorted(psutil.users(), key=lambda user: user.started, reverse=True)
    except OSError:
        return
    for user in users:
        try:
            yield pwd.getpwnam(user.name).pw_uid
        except KeyError:
            continue


def _of_logind() -> list[int]:
    """The users of sessions of people, active ones at a seat first. Empty without logind."""
    try:
        logind = ctypes.CDLL("libsystemd.so.0")
        return [uid for _, uid in sorted(_sessions(logind), key=lambda ranked: -ranked[0])]
    except (OSError, AttributeError):
        return []


def _sessions(logind: ctypes.CDLL) -> Iterator[tuple[int, int]]:
    """(rank, uid) by the functions of sd-login(3); each list and word it gives is freed."""
    libc = ctypes.CDLL(None)
    libc.free.argtypes = (ctypes.c_void_p,)
    names = ctypes.POINTER(ctypes.c_void_p)()
    count = logind.sd_get_sessions(ctypes.byref(names))
    for number in range(max(0, count)):
        session = ctypes.cast(names[number], ctypes.c_char_p).value
        uid = ctypes.c_uint32()
        if _word(logind, libc, "sd_session_get_class", session) == b"user" and (
            logind.sd_session_get_uid(session, ctypes.byref(uid)) >= 0
        ):
            seated = bool(_word(logind, libc, "sd_session_get_seat", session))
            yield 2 * seated + (logind.sd_session_is_active(session) > 0), uid.value
        libc.free(names[number])
    if count >= 0:
        libc.free(ctypes.cast(names, ctypes.c_void_p))


def _word(logind: ctypes.CDLL, libc: ctypes.CDLL, function: str, session: bytes | None) -> bytes:
    found = ctypes.c_void_p()
    if getattr(logind, function)(session, ctypes.byref(found)) < 0 or not found.value:
        return b""
    word = ctypes.cast(found, ctypes.c_char_p).value or b""
    libc.free(found)
    return word
