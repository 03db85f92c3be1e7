#!/usr/bin/env python3
"""Sets up, runs and tests DeployFlow from its source.

    python3 build_spec/dev.py run [ARGS]     set up .venv, then `python -m console --demo ARGS`
    python3 build_spec/dev.py test [ARGS]    set up .venv with the test extras, then pytest ARGS; all tests
                                             run in three processes
    python3 build_spec/dev.py setup          only set up .venv, with the test extras
    python3 build_spec/dev.py lock [ARGS]    pin the packages of the *.in files anew: uv pip compile ARGS

Standard library only; CPython 3.11 or later on Windows, macOS and Linux. Everything is installed into .venv
beside the project, from pinned and hash-checked lists. The exit code is that of the program started; 1 when
the set-up failed, with a sentence on stderr; 2 for a wrong command.
"""

import contextlib
import ctypes
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

if sys.version_info < (3, 11):  # noqa: UP036 - an older interpreter gets to see this one file
    sys.exit(
        "DeployFlow needs CPython 3.11 or later, and {} is {}.{}. Start dev.py with a newer one, "
        "for example: python3.11 build_spec/dev.py run".format(sys.executable, *sys.version_info[:2])
    )

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "build_spec" / "requirements"
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "deployflow.json"
UNFINISHED = {"unfinished": True}

RUN, TEST = "run.txt", "test.txt"
# The first list holds the pins of all others, so that a package has one version everywhere.
LOCKS = {
    TEST: ("agent.in", "service.in", "console.in", "test.in"),
    RUN: ("agent.in", "service.in", "console.in"),
    "agent.txt": ("agent.in",),
    "windows-python.txt": ("windows-python.in",),
}

# Debian package -> the library that proves it is there. The window's toolkit does not load without these.
WINDOW_LIBRARIES = {
    "libegl1": "libEGL.so.1",
    "libgl1": "libGL.so.1",
    "libglib2.0-0": "libglib-2.0.so.0",
    "libfontconfig1": "libfontconfig.so.1",
    "libxkbcommon-x11-0": "libxkbcommon-x11.so.0",
    "libdbus-1-3": "libdbus-1.so.3",
}
# Only a window on a real display needs these.
DISPLAY_LIBRARIES = {
    "libxcb-cursor0": "libxcb-cursor.so.0",
    "libxcb-icccm4": "libxcb-icccm.so.4",
    "libxcb-keysyms1": "libxcb-keysyms.so.1",
    "libxcb-shape0": "libxcb-shape.so.0",
    "libxcb-image0": "libxcb-image.so.0",
    "libxcb-render-util0": "libxcb-render-util.so.0",
}
LIBRARIES = WINDOW_LIBRARIES | DISPLAY_LIBRARIES
FONTS = {"fonts-inter": "Inter", "fonts-jetbrains-mono": "JetBrainsMono", "fonts-dejavu-core": "DejaVuSans"}
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")


def main(arguments: Sequence[str]) -> int:
    command, rest = (arguments[0], list(arguments[1:])) if arguments else ("", [])
    if command == "run":
        set_up(RUN)
        return hand_over([str(PYTHON), "-m", "console", "--demo", *rest], dict(os.environ))
    if command == "test":
        set_up(TEST)
        return hand_over([str(PYTHON), "-m", "pytest", *spread(rest), *rest], test_environment())
    if command == "setup" and not rest:
        set_up(TEST)
        return 0
    if command == "lock":
        return write_locks(rest)
    asked = command in {"-h", "--help"}
    print(__doc__, file=sys.stdout if asked else sys.stderr)
    return 0 if asked else 2


def spread(arguments: Sequence[str]) -> list[str]:
    """What spreads all tests over three processes, for many only wait for processes of their own; a selection
    runs in one, unless it says otherwise."""
    everything = all(argument.startswith("-") and not argument.startswith("-n") for argument in arguments)
    return ["-n", "3", "--dist", "loadfile", "--no-loadscope-reorder"] if everything else []


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr)


def hand_over(command: list[str], environment: dict[str, str]) -> int:
    """Run `command` in the project's folder and return its exit code; on POSIX it replaces this process."""
    os.chdir(ROOT)
    if os.name != "nt":
        os.execve(command[0], command, environment)  # noqa: S606 - a vector, no shell
    child = subprocess.Popen(command, env=environment)
    while True:
        with contextlib.suppress(KeyboardInterrupt):
            return child.wait()


def test_environment() -> dict[str, str]:
    """The caller's environment without what changes the behaviour of Python, Qt, pytest or DeployFlow."""
    dropped = ("PYTHON", "QT_", "PYTEST_", "DEPLOYFLOW_")
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(dropped)}
    return {**kept, "QT_QPA_PLATFORM": "offscreen"}


def set_up(lock: str) -> None:
    """Bring .venv to what `lock` lists; quick when it is there already, safe beside another set-up."""
    ready = is_ready(lock, read_stamp())
    if sys.platform == "linux":
        mend_system([] if ready else missing_comforts(lock))
    if ready:
        return
    with one_at_a_time() as guard:
        stamp = read_stamp()
        if not is_ready(lock, stamp):
            install(lock, stamp, guard)


def read_stamp() -> dict[str, Any]:
    """What the last set-up left; empty when none ever ran here, UNFINISHED when it was interrupted."""
    try:
        stamp = json.loads(STAMP.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        return UNFINISHED
    return stamp if isinstance(stamp, dict) else UNFINISHED


def write_stamp(stamp: dict[str, Any]) -> None:
    draft = STAMP.with_suffix(".draft")
    draft.write_text(json.dumps(stamp), "utf-8")
    draft.replace(STAMP)


def identity() -> list[str]:
    """What a .venv belongs to: under another interpreter or in another folder it has to be made anew."""
    return [sysconfig.get_python_version(), sysconfig.get_platform(), str(ROOT)]


def digest(lock: str) -> str:
    return hashlib.sha256((REQUIREMENTS / lock).read_bytes()).hexdigest()


def is_ready(lock: str, stamp: dict[str, Any]) -> bool:
    installed = stamp.get("lock")
    return (
        installed in {lock, TEST}
        and stamp["digest"] == digest(installed)
        and stamp["identity"] == identity()
        and PYTHON.exists()
    )


@contextlib.contextmanager
def one_at_a_time() -> Iterator[IO[str]]:
    """Hold the set-up lock. On POSIX children inherit it: nobody starts beside an orphaned pip."""
    with (ROOT / ".venv.lock").open("w") as guard:
        if not try_lock(guard):
            say("Another set-up is running in this folder; waiting for it ...")
            while not try_lock(guard):
                time.sleep(0.2)
        yield guard


def try_lock(guard: IO[str]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(guard.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def install(lock: str, stamp: dict[str, Any], guard: IO[str]) -> None:
    begun = time.monotonic()
    if not is_usable(stamp):
        empty(VENV)
    VENV.mkdir(exist_ok=True)
    write_stamp(UNFINISHED)
    if not PYTHON.exists():
        say(f"Making .venv for Python {sysconfig.get_python_version()} ...")
        run(
            [sys.executable, "-m", "venv", str(VENV)], guard, "Could not make .venv; the reason stands above."
        )
    packages = sum("==" in line for line in (REQUIREMENTS / lock).read_text("utf-8").splitlines())
    say(f"Installing {packages} pinned packages (the first time this takes a minute) ...")
    pip = [str(PYTHON), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input"]
    run(
        [*pip, "--require-hashes", "--only-binary=:all:", "--requirement", str(REQUIREMENTS / lock)],
        guard,
        "Could not install the packages; the reason stands above. Mend it (network? proxy? disk?) "
        "and give the same command again.",
    )
    write_path_file()
    write_stamp({"lock": lock, "digest": digest(lock), "identity": identity()})
    say(f".venv is ready after {time.monotonic() - begun:.0f} s.")


def is_usable(stamp: dict[str, Any]) -> bool:
    """Whether packages may be added to this .venv; one of a killed set-up may hold half of a package."""
    if stamp and stamp.get("identity") != identity():
        return False
    probe = "import pip, sysconfig; print(sysconfig.get_python_version())"
    try:
        answer = subprocess.run([str(PYTHON), "-c", probe], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return answer.stdout.strip() == sysconfig.get_python_version()


def empty(folder: Path) -> None:
    """Remove what is in `folder`, the stamp last: killed on the way, the next set-up begins here again."""
    if not folder.is_dir():
        return
    say("Removing the .venv that was here: it is half made, or made for another Python or folder ...")
    for entry in sorted(folder.iterdir(), key=lambda path: path == STAMP):
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def write_path_file() -> None:
    """Make agent, backend_lite and console importable for every program of this .venv, in any folder."""
    probe = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = subprocess.run(
        [str(PYTHON), "-c", probe], capture_output=True, text=True, check=True
    ).stdout.strip()
    (Path(site) / "deployflow.pth").write_text(f"{ROOT}\n", "utf-8")


def run(command: list[str], guard: IO[str], complaint: str) -> None:
    keep: dict[str, Any] = {} if os.name == "nt" else {"pass_fds": [guard.fileno()]}
    if subprocess.run(command, check=False, **keep).returncode != 0:
        sys.exit(complaint)


def mend_system(comforts: list[str]) -> None:
    """Bring what the system lacks: by apt-get as root on Debian and its kin, else by saying what to type.

    Goes on without the `comforts`; ends the program when the window's toolkit could not load.
    """
    lacking = missing_essentials()
    if lacking + comforts and os.access("/var/lib/dpkg", os.W_OK) and shutil.which("apt-get"):
        apt_get_install(lacking + comforts)
        lacking, comforts = missing_essentials(), []
    missing = lacking + comforts
    if missing:
        files = ", ".join(LIBRARIES.get(package, package) for package in missing)
        say(f"This system lacks {files}. On Debian and Ubuntu give this command:")
        say(f"    sudo apt-get install -y --no-install-recommends {' '.join(missing)}")
        say("Elsewhere install the packages of your system that hold them.")
    if lacking:
        sys.exit("DeployFlow cannot start without them. Install them, then give the same command again.")


def apt_get_install(packages: list[str]) -> None:
    say(f"Installing what this system lacks: {' '.join(packages)} ...")
    quiet = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        done = subprocess.run([*quiet, *step], env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            say(done.stderr.strip())


def missing_essentials() -> list[str]:
    """Debian packages without which there is no .venv, or a window's toolkit that does not load."""
    missing = [package for package, library in WINDOW_LIBRARIES.items() if not loads(library)]
    if not PYTHON.exists() and importlib.util.find_spec("ensurepip") is None:
        missing.append(f"python{sysconfig.get_python_version()}-venv")
    return missing


def missing_comforts(lock: str) -> list[str]:
    """Debian packages for a window on a real display and for its fonts; nothing fails loudly without them."""
    missing = [package for package, library in DISPLAY_LIBRARIES.items() if not loads(library)]
    walks = [os.walk(Path(folder).expanduser()) for folder in FONT_FOLDERS]
    files = [name for walk in walks for _, _, names in walk for name in names]
    missing += [
        package for package, font in FONTS.items() if not any(name.startswith(font) for name in files)
    ]
    if lock == TEST and shutil.which("Xvfb") is None:
        missing.append("xvfb")
    return missing


def loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def write_locks(arguments: list[str]) -> int:
    """Resolve for every platform at once, into a form that pip reads and that names no package index."""
    uv = shutil.which("uv")
    if uv is None:
        sys.exit("Writing the pinned lists needs the program uv on the PATH.")
    compile_one = [
        uv,
        "pip",
        "compile",
        "--quiet",
        "--universal",
        "--generate-hashes",
        "--no-header",
        "--no-annotate",
    ]
    for lock, sources in LOCKS.items():
        pins = [] if lock == TEST else ["--constraint", TEST]
        command = [
            *compile_one,
            "--python-version",
            "3.11",
            *arguments,
            *pins,
            *sources,
            "--output-file",
            lock,
        ]
        if subprocess.run(command, cwd=REQUIREMENTS, check=False).returncode != 0:
            return 1
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("Stopped. The same command begins again where it can.")
    except OSError as reason:
        sys.exit(f"The set-up failed: {reason}")
