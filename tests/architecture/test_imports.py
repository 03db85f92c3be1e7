"""Who may import whom: import-linter's part stands in pyproject.toml, the lists of what is allowed here."""

import subprocess
import sys
from fnmatch import fnmatch

import pytest

from tests.architecture.sources import PACKAGES, ROOT, Import, imports

OURS_ALLOWED = {
    "agent": ("agent",),
    "agent/wire": ("agent.wire",),
    "backend_lite": ("backend_lite", "agent.wire"),
    "backend_lite/contract": ("backend_lite.contract", "agent.wire"),
    "backend_lite/migrations": ("backend_lite.core.db",),
    "console": ("console", "backend_lite.contract"),
}
PYWIN32 = {"pywintypes", "pythoncom", "servicemanager", "ntsecuritycon", "winerror", "win32*"}
THEIRS_ALLOWED = {
    "agent": {"nacl", "psutil", "websockets", *PYWIN32},
    "agent/wire": set[str](),
    "backend_lite/contract": {"msgspec"},
    "backend_lite/migrations": {"alembic", "sqlalchemy"},
    "build_spec": set[str](),
}
# Which files may import a library, as patterns; `!` takes out again.
ONLY_IN = {
    "sqlalchemy": (
        "backend_lite/core/db/*",
        "backend_lite/core/events/outbox.py",
        "backend_lite/features/*",
        "!backend_lite/features/*/feature.py",
        "!backend_lite/features/*/routes*.py",
        "backend_lite/migrations/*",
    ),
    "httpx": ("console/core/*",),
    "PySide6": ("console/*", "!console/core/*"),
    "qasync": ("console/*", "!console/core/*"),
    "yaml": ("console/core/yaml_files.py",),
}


def test_the_contracts_of_the_import_linter_hold() -> None:
    # In a process of its own: it sets up logging, and silences every logger that is there already.
    lint = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", lint, "--no-cache", "--no-logo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("folder", OURS_ALLOWED)
def test_of_ours_a_part_imports_only_what_it_may(folder: str) -> None:
    allowed = OURS_ALLOWED[folder]
    assert [
        str(one)
        for one in imports(folder)
        if one.top in {*PACKAGES, "tests", "build_spec"} and not is_inside(one.module, allowed)
    ] == []


@pytest.mark.parametrize("folder", THEIRS_ALLOWED)
def test_of_others_a_small_part_imports_only_what_it_may(folder: str) -> None:
    allowed = THEIRS_ALLOWED[folder] | set(PACKAGES) | set(sys.stdlib_module_names)
    assert [str(one) for one in imports(folder) if not any(fnmatch(one.top, name) for name in allowed)] == []


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_stays_in_its_place(library: str) -> None:
    users = [one for one in imports(*PACKAGES) if one.top == library]
    assert [str(one) for one in users if not is_covered(one.path, ONLY_IN[library])] == []


def test_an_area_is_called_only_through_its_api() -> None:
    features = "backend_lite.features."
    assert [
        str(one)
        for one in imports("backend_lite")
        if one.path != "backend_lite/app.py"
        and one.module.startswith(features)
        and area_of(one) != (called := one.module.removeprefix(features).split("."))[0]
        and called[1:2] != ["api"]
    ] == []


def test_no_page_imports_another_page() -> None:
    assert [
        str(one)
        for one in imports("console/features")
        if one.path.endswith("_page.py") and one.module.endswith("_page")
    ] == []


def area_of(one: Import) -> str:
    parts = one.path.split("/")
    return parts[2] if parts[:2] == ["backend_lite", "features"] else ""


def is_inside(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def is_covered(path: str, patterns: tuple[str, ...]) -> bool:
    taken_out = [pattern[1:] for pattern in patterns if pattern.startswith("!")]
    return any(fnmatch(path, pattern) for pattern in patterns) and not any(
        fnmatch(path, pattern) for pattern in taken_out
    )
