"""What is installed: read from the systems' lists, told when it is not what the service knows."""

from __future__ import annotations

import os
import plistlib
import subprocess
import sys
from pathlib import Path

import pytest

from agent.commands import own_command
from agent.probes import software
from agent.wire.codec import MAX_FRAME, decode, encode
from agent.wire.messages import AGENT_MESSAGES, SoftwareEntry, SoftwareReport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.agent.agent_process import AgentProcess
    from tests.agent.fake_service import FakeService

not_on_windows = pytest.mark.skipif(sys.platform == "win32", reason="a part of Unix")


def stand_in(folder: Path, name: str, output: str) -> None:
    program = folder / name
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{output}\nEND\n")
    program.chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The first place where programs are looked for."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")
    return folder


@pytest.fixture
def known_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(software, "_dpkg_date", lambda name, architecture: "2024-02-29")


@not_on_windows
@pytest.mark.skipif(sys.platform == "darwin", reason="lists of Linux")
def test_the_lists_of_linux_are_read(programs: Path, known_date: None) -> None:
    stand_in(
        programs,
        "dpkg-query",
        "installed\tnano\t7.2-1\tSomebody <a@example.org>\tamd64\nconfig-files\tgone\t1\tx\tall\nnot a row",
    )
    stand_in(programs, "rpm", "bash\t5.2-1.el9\t(none)\tx86_64\t1700000000\nold\t1-1\tMaker\tnoarch\t")
    stand_in(
        programs,
        "snap",
        "Name  Version  Rev  Tracking  Publisher  Notes\nhello  2.10  42  latest/stable  canonical✓  -",
    )
    stand_in(programs, "flatpak", "Text  Editor\t46.3\tflathub\tx86_64")
    assert software.installed() == (
        SoftwareEntry("bash", "5.2-1.el9", "", "rpm", "x86_64", "2023-11-14"),
        SoftwareEntry("hello", "2.10", "canonical", "snap"),
        SoftwareEntry("nano", "7.2-1", "Somebody <a@example.org>", "dpkg", "amd64", "2024-02-29"),
        SoftwareEntry("old", "1-1", "Maker", "rpm", "noarch"),
        SoftwareEntry("Text Editor", "46.3", "flathub", "flatpak", "x86_64"),
    )


@not_on_windows
def test_a_list_that_cannot_be_had_is_no_list(programs: Path) -> None:
    (programs / "rpm").write_text("not a program")
    (programs / "rpm").chmod(0o755)
    assert software._lines("rpm", "-qa") == []
    assert software._lines("no-such-program-anywhere") == []


def test_applications_of_a_mac(tmp_path: Path) -> None:
    for name, told in (
        ("One", {"CFBundleName": "One App", "CFBundleShortVersionString": "3.1"}),
        ("Two", {}),
    ):
        contents = tmp_path / f"{name}.app" / "Contents"
        contents.mkdir(parents=True)
        (contents / "Info.plist").write_bytes(plistlib.dumps(told))
    (tmp_path / "Three.app").mkdir()
    assert sorted(software._applications(tmp_path), key=lambda entry: entry.name) == [
        SoftwareEntry("One App", "3.1", source="apps"),
        SoftwareEntry("Two", "", source="apps"),
    ]


def test_a_report_is_bounded_whatever_a_device_has(monkeypatch: pytest.MonkeyPatch) -> None:
    ugly = "\ud800 tab\t and\nline " + "ü" * 500
    many = [SoftwareEntry(f"{number:05} {ugly}", ugly, ugly) for number in range(9000)]
    monkeypatch.setattr(software, "_sources", lambda: (lambda: many, lambda: many))
    items = software.installed()
    assert 500 < len(items) <= software.MOST_ITEMS
    assert all(len(item.name) <= software.LONGEST_TEXT and item.name.isprintable() for item in items)
    assert len(encode(SoftwareReport(software.digest_of(items), items)).encode()) <= MAX_FRAME
    monkeypatch.setattr(software, "_sources", lambda: (lambda: [SoftwareEntry(f"{n}") for n in range(9000)],))
    assert len(software.installed()) == software.MOST_ITEMS


def test_the_digest_is_that_of_every_field() -> None:
    one = SoftwareEntry("a", "1", "p", "dpkg", "amd64", "2024-01-01")
    others = [SoftwareEntry("a", "1", "p", "dpkg", "amd64"), SoftwareEntry("a", "1p", "", "dpkg", "amd64")]
    assert len({software.digest_of([entry]) for entry in (one, *others)}) == 3


def test_the_process_tells_the_digest_and_then_the_frame() -> None:
    done = subprocess.run(own_command("installed", bare=True), capture_output=True, check=True)
    digest, frame = done.stdout.decode().splitlines()
    report = decode(frame, AGENT_MESSAGES)
    assert isinstance(report, SoftwareReport)
    assert digest == report.digest == software.digest_of(report.items)
    assert len(digest) == 64


@pytest.mark.sockets
@not_on_windows
def test_a_real_agent_tells_it_once_and_again_when_a_step_may_have_changed_it(
    service: FakeService, agent: AgentProcess, programs: Path, tmp_path: Path
) -> None:
    stand_in(programs, "dpkg-query", "installed\tnano\t7.2-1\tSomebody\tamd64")
    agent.start()
    service.wait(lambda: service.software, "what is installed")
    assert "nano" in {item.name for item in service.software[0].items}
    stand_in(programs, "dpkg-query", "installed\tvim\t9.1\tSomebody\tamd64")
    service.wait_for_done(service.offer(1, "inventory", ""))
    service.wait(lambda: len(service.software) == 2, "the change")
    assert "vim" in {item.name for item in service.software[1].items}
    agent.stop()
    agent.start()
    service.wait_for_done(service.offer(2, "inventory", ""))
    service.wait(lambda: len(service.facts) >= 4, "the facts")
    assert len(service.software) == 2


if sys.platform == "win32":
    import winreg

    from agent.probes import windows_software

    def test_the_registry_is_read() -> None:
        path = rf"{windows_software.UNINSTALL}\{{deployflow-test}}"
        with winreg.CreateKeyEx(
            winreg.HKEY_LOCAL_MACHINE, path, 0, winreg.KEY_ALL_ACCESS | winreg.KEY_WOW64_64KEY
        ) as key:
            for name, text in (
                ("DisplayName", "DeployFlow Test"),
                ("DisplayVersion", "2.1"),
                ("Publisher", "Maker"),
                ("InstallDate", "20240229"),
            ):
                winreg.SetValueEx(key, name, 0, winreg.REG_SZ, text)
        expected = SoftwareEntry("DeployFlow Test", "2.1", "Maker", "registry", "x86_64", "2024-02-29")
        hidden = SoftwareEntry("DeployFlow Part", "1", "", "registry")
        with winreg.CreateKeyEx(
            winreg.HKEY_CURRENT_USER, rf"{windows_software.UNINSTALL}\deployflow-part"
        ) as key:
            winreg.SetValueEx(key, "DisplayName", 0, winreg.REG_SZ, hidden.name)
            winreg.SetValueEx(key, "DisplayVersion", 0, winreg.REG_SZ, hidden.version)
            assert {expected, hidden} <= set(software.installed())
            winreg.SetValueEx(key, "SystemComponent", 0, winreg.REG_DWORD, 1)
            assert hidden not in software.installed()
        winreg.DeleteKey(winreg.HKEY_CURRENT_USER, rf"{windows_software.UNINSTALL}\deployflow-part")
        winreg.DeleteKeyEx(winreg.HKEY_LOCAL_MACHINE, path, winreg.KEY_WOW64_64KEY)
