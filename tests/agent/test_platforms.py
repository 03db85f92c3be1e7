"""What differs between systems."""

from __future__ import annotations

import os
import plistlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agent.commands import own_command
from agent.environment import script_environment
from agent.handlers import RejectionError, job_for
from agent.platform import processes, this_platform
from agent.platform.base import LANGUAGES, service_name
from agent.platform.windows_firmware import serial_in
from agent.probes import collect_facts, read_metrics
from agent.wire.codec import decode, encode
from agent.wire.messages import AGENT_MESSAGES, FactsReport, Heartbeat, Offer

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="a part of Linux")
FOLDER = Path('/srv/de vice/100% $HOME "q"')


def test_the_boot_id_stays_and_says_something() -> None:
    assert this_platform().boot_id() == this_platform().boot_id()
    assert len(this_platform().boot_id()) >= 32


def test_a_process_is_known_by_its_number_and_its_start() -> None:
    mark = processes.start_mark(os.getpid())
    assert processes.is_alive(os.getpid(), mark)
    assert not processes.is_alive(os.getpid(), mark + "0")
    assert not processes.is_alive(os.getpid(), "")


def test_a_process_that_ended_is_not_alive_even_before_anybody_took_leave_of_it() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    mark = processes.start_mark(child.pid)
    assert processes.is_alive(child.pid, mark)
    assert child.stdin is not None
    child.stdin.close()
    if sys.platform == "win32":
        child.wait()
    else:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not processes.is_alive(child.pid, mark)
    child.wait()


def test_the_clock_for_timeouts_goes_on() -> None:
    assert 0 < processes.awake_clock() <= processes.awake_clock()


def test_a_private_folder_can_be_used_by_its_owner(tmp_path: Path) -> None:
    this_platform().make_private_folder(tmp_path / "private")
    (tmp_path / "private" / "file").write_text("x")
    with pytest.raises(FileExistsError):
        this_platform().make_private_folder(tmp_path / "private")


def test_a_lock_is_for_one(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("ab") as one:
        this_platform().lock_file(one)
        with (tmp_path / "lock").open("ab") as other, pytest.raises(OSError):
            this_platform().lock_file(other)
    with (tmp_path / "lock").open("ab") as later:
        this_platform().lock_file(later)


def test_what_this_endpoint_is_and_does_fits_the_wire() -> None:
    facts, metrics = collect_facts(), read_metrics()
    assert decode(encode(FactsReport(facts)), AGENT_MESSAGES) == FactsReport(facts)
    assert decode(encode(Heartbeat(metrics)), AGENT_MESSAGES) == Heartbeat(metrics)
    assert facts.hostname
    assert facts.os_name
    assert facts.cpu_count >= 1
    assert facts.memory_total > 1 << 20
    assert {"python"} <= set(facts.languages) <= set(LANGUAGES)
    assert 0 < metrics.memory_used <= metrics.memory_total == facts.memory_total
    assert 0 <= metrics.cpu_percent <= 100
    assert facts.booted_at > 0


def test_a_language_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing, name = ("bash", "bash") if sys.platform == "win32" else ("cmd", "cmd.exe")
    with pytest.raises(RejectionError, match=f"{name} is not installed on this device"):
        job_for(Offer("e1-1-1", missing, "echo hi", 60.0), str(tmp_path), {}, None)


def test_a_cmd_script_takes_no_arguments(tmp_path: Path) -> None:
    with pytest.raises(RejectionError, match="they arrive as DF_ variables"):
        job_for(Offer("e1-1-1", "cmd", "echo hi", 60.0, arguments=("x",)), str(tmp_path), {}, None)


@pytest.mark.skipif(sys.platform != "win32", reason="cmd.exe is a program of Windows")
@pytest.mark.parametrize(
    ("text", "file"),
    [
        ("echo hi\n\necho ho", b"echo hi\r\n\r\necho ho"),
        ("echo hi\r\n", b"echo hi\r\n"),
        ("echo ü", b"@chcp 65001 >nul\r\necho \xc3\xbc"),
    ],
)
def test_a_cmd_script_has_the_line_ends_and_the_code_page_of_cmd(
    tmp_path: Path, text: str, file: bytes
) -> None:
    job = job_for(Offer("e1-1-1", "cmd", text, 60.0), str(tmp_path), {}, None)
    assert job.files["script.cmd"] == file
    assert job.argv[1:] == ["/d", "/c", ".\\script.cmd"]


def test_scripts_inherit_the_environment_without_what_was_for_the_agent() -> None:
    own = {
        "PATH": "/bin",
        "NOTIFY_SOCKET": "/run/x",
        "LD_LIBRARY_PATH": "/pack",
        "LD_LIBRARY_PATH_ORIG": "/lib",
    }
    assert script_environment(own) == {"PATH": "/bin", "LD_LIBRARY_PATH": "/lib"}


def test_every_data_folder_has_a_service_of_its_own() -> None:
    usual = Path("/var/lib/deployflow-agent")
    assert service_name(usual, usual) == "deployflow-agent"
    names = {service_name(Path(path), usual) for path in ("/a", "/b", "/c")}
    assert len(names) == 3


def test_a_packaged_program_starts_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert own_command("runner", bare=True) == [sys.executable, "runner"]


@on_linux
def test_the_unit_leaves_runners_alone_and_survives_systemds_own_parser(tmp_path: Path) -> None:
    from agent.platform.linux import unit_file

    text = unit_file(FOLDER)
    assert "KillMode=process\n" in text
    assert "Delegate=yes\n" in text
    assert "Restart=always\n" in text
    assert '"--data-dir" "/srv/de vice/100%% $$HOME \\"q\\""\n' in text
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze on this machine")
    unit = tmp_path / "deployflow-agent.service"
    unit.write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False
    )
    assert str(unit) not in done.stdout + done.stderr, done.stderr


@on_linux
def test_a_service_is_installed_and_removed_as_often_as_one_likes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agent.platform import linux

    calls: list[tuple[str, ...]] = []
    monkeypatch.setattr(linux, "_UNITS", tmp_path)
    monkeypatch.setattr(linux, "_systemctl", lambda *words: calls.append(words))
    name = service_name(FOLDER, linux.USUAL_DATA_FOLDER) + ".service"
    for _ in range(2):
        assert "is installed" in this_platform().install_service(FOLDER)
        assert (tmp_path / name).read_text() == linux.unit_file(FOLDER)
    assert calls[:3] == [("daemon-reload",), ("enable", name), ("restart", name)]
    calls.clear()
    assert "is removed" in this_platform().uninstall_service(FOLDER)
    assert "is not installed" in this_platform().uninstall_service(FOLDER)
    assert not (tmp_path / name).exists()
    assert calls == [("disable", "--now", name), ("daemon-reload",)]


@pytest.mark.skipif(sys.platform == "win32", reason="its module speaks of Unix")
def test_the_job_of_launchd_leaves_runners_alone() -> None:
    from agent.platform.macos import job_file

    job = plistlib.loads(job_file("deployflow-agent", FOLDER))
    assert job["AbandonProcessGroup"] is True
    assert job["ProgramArguments"][-2:] == ["--data-dir", str(FOLDER)]


def firmware(*structures: tuple[int, bytes, list[bytes]]) -> bytes:
    table = b"\0" * 8
    for kind, formatted, words in structures:
        strings = b"\0".join(words) + b"\0\0" if words else b"\0\0"
        table += bytes([kind, len(formatted) + 4, 0, 0]) + formatted + strings
    return table


def test_the_serial_number_is_found_in_the_firmwares_table() -> None:
    bios = (0, b"\1\2\0\0", [b"Maker", b"1.0"])
    system = (1, b"\1\2\0\3" + b"\0" * 20, [b"Maker", b"Model", b" SN-123 "])
    assert serial_in(firmware(bios, system, (127, b"", []))) == "SN-123"
    assert serial_in(firmware(bios, (1, b"\1\2\0\0" + b"\0" * 20, [b"Maker"]))) == ""
    assert serial_in(firmware((127, b"", []), system)) == ""
    assert serial_in(b"") == ""
    for cut in range(len(firmware(bios, system))):
        assert serial_in(firmware(bios, system)[:cut]) in ("", "SN-123")
