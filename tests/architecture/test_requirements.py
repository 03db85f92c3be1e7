"""The pinned lists say what the *.in files ask for, and one version everywhere."""

from pathlib import Path

import pytest
from packaging.requirements import Requirement

from build_spec import dev
from tests.architecture.sources import ROOT

FOLDER = ROOT / "build_spec" / "requirements"


@pytest.mark.parametrize("lock", dev.LOCKS)
def test_a_pinned_list_fits_its_sources(lock: str) -> None:
    pins = pinned(FOLDER / lock)
    asked = [one for source in dev.LOCKS[lock] for one in requirements(FOLDER / source)]
    assert [str(one) for one in asked if not any(fits(pin, one) for pin in pins)] == []


@pytest.mark.parametrize(
    "smaller", [lock for lock in dev.LOCKS if lock not in {dev.TEST, "windows-python.txt"}]
)
def test_a_package_has_one_version_in_all_lists(smaller: str) -> None:
    everywhere = {(pin.name, str(pin.specifier)) for pin in pinned(FOLDER / dev.TEST)}
    assert {(pin.name, str(pin.specifier)) for pin in pinned(FOLDER / smaller)} <= everywhere


@pytest.mark.parametrize("lock", dev.LOCKS)
def test_every_pin_has_a_hash(lock: str) -> None:
    text = (FOLDER / lock).read_text("utf-8").replace("\\\n", " ")
    assert [line for line in text.splitlines() if "==" in line and "--hash=sha256:" not in line] == []


def requirements(path: Path) -> list[Requirement]:
    lines = (line.strip().removesuffix("\\") for line in path.read_text("utf-8").splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "--hash"))]


def pinned(path: Path) -> list[Requirement]:
    return [one for one in requirements(path) if "==" in str(one.specifier)]


def fits(pin: Requirement, asked: Requirement) -> bool:
    version = str(pin.specifier).removeprefix("==")
    return pin.name.replace("_", "-") == asked.name and asked.specifier.contains(version)
