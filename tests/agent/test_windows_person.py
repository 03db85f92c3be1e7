"""Programs with another token on Windows. Only the token of this very process is at hand here, so what is
seen is how a program starts with a token, not that it belongs to somebody else then."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

if sys.platform != "win32":
    pytest.skip("tokens are a part of Windows", allow_module_level=True)
assert sys.platform == "win32"

import ctypes
import subprocess
from ctypes import wintypes

from agent.platform.windows_people import allow, may_run_as, person, sid_of
from agent.platform.windows_start_as import ProcessOfPerson, variables_of

SHOWS = """
import os, sys
print(os.getcwd(), os.environ["DF_X"], sys.stdin.read())
print("e", file=sys.stderr)
sys.exit(7)
"""


@pytest.fixture
def token() -> Iterator[int]:
    kernel32, advapi32 = ctypes.WinDLL("kernel32"), ctypes.WinDLL("advapi32")
    kernel32.GetCurrentProcess.restype = wintypes.HANDLE
    advapi32.OpenProcessToken.argtypes = (wintypes.HANDLE, wintypes.DWORD, ctypes.POINTER(wintypes.HANDLE))
    found = wintypes.HANDLE()
    assert advapi32.OpenProcessToken(kernel32.GetCurrentProcess(), 0xF01FF, ctypes.byref(found))
    assert found.value is not None
    yield found.value
    kernel32.CloseHandle(found)


def test_a_program_starts_with_a_token_its_variables_its_folder_and_pipes(token: int, tmp_path: Path) -> None:
    variables = {**variables_of(token), "DF_X": "größe & more"}
    assert "SYSTEMROOT" in {name.upper() for name in variables}
    argv = [sys.executable, "-X", "utf8", "-c", SHOWS, 'a "b"']
    process = ProcessOfPerson(token, argv, variables, str(tmp_path), subprocess.CREATE_NEW_PROCESS_GROUP)
    with process.stdout, process.stderr:
        assert process.stdout.read().decode().strip() == f"{tmp_path} größe & more"
        assert process.stderr.read().strip() == b"e"
    assert process.wait(20) == 7


def test_a_program_that_is_not_there_is_an_error(token: int, tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"."):
        ProcessOfPerson(token, [str(tmp_path / "none.exe")], variables_of(token), str(tmp_path), 0)


def test_a_token_belongs_to_somebody_who_can_be_let_in(token: int, tmp_path: Path) -> None:
    sid = sid_of(token)
    assert sid.startswith("S-1-")
    (tmp_path / "file").write_text("x")
    allow(str(tmp_path), sid)
    assert (tmp_path / "file").read_text() == "x"


def test_who_is_at_the_screen_is_somebody_or_nobody() -> None:
    found = person()
    assert found is None or (found["name"] and may_run_as(found) in (True, False))
