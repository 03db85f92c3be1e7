"""Software steps as a real runner executes them: detect, fetch, run, verify."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.enrollment import Enrollment, save_enrollment
from agent.handlers import RejectionError, job_for
from agent.wire.codec import to_plain
from agent.wire.messages import Download, Offer
from agent.wire.software import SoftwareDetection, SoftwareJob
from tests.agent.jobs import made, output_of, run_job
from tests.agent.life import ONE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.attempt_folder import ExitRecord
    from tests.agent.certificates import Signed

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="a part of Linux")
once = pytest.mark.skipif(sys.platform == "win32", reason="the same on every system, and slow under Wine")

RECORDS = """#!/bin/sh
echo "$DEBIAN_FRONTEND" "$@" >> {log}
{effect}
"""


class Device:
    """A device's folder, and steps one after the other."""

    def __init__(self, root: Path) -> None:
        self.root = root / "device"
        self.attempts = self.root / "attempts"
        self.attempts.mkdir(parents=True)
        self.marker = root / "installed"
        self.number = 0
        self.downloads: tuple[Download, ...] = ()

    def run(self, job: SoftwareJob, **more: Any) -> ExitRecord:
        self.number += 1
        folder = made(self.attempts / f"a{self.number}")
        offer = Offer(
            ONE, f"{job.action}_software", json.dumps(to_plain(job)), 60.0, downloads=self.downloads, **more
        )
        record = run_job(folder, job_for(offer, str(folder), {}, None))
        assert not (folder / "work").exists()
        return record

    def said(self) -> tuple[list[str], str]:
        out, err = output_of(self.attempts / f"a{self.number}")
        return out.decode().splitlines(), err.decode().strip()

    def rejected(self, job: SoftwareJob, type_: str = "", **more: Any) -> str:
        folder = self.attempts / "rejected"
        offer = Offer(ONE, type_ or f"{job.action}_software", json.dumps(to_plain(job)), 60.0, **more)
        with pytest.raises(RejectionError) as rejected:
            job_for(offer, str(folder), {}, None)
        return str(rejected.value)


@pytest.fixture
def device(tmp_path: Path) -> Device:
    return Device(tmp_path)


def item(device: Device, **more: Any) -> SoftwareJob:
    """An item whose installer is a script that leaves a file, by which it is detected."""
    return replace(
        SoftwareJob(
            "install",
            "Tool",
            "1.0",
            "script",
            language="python",
            command=f"print('installing'); open({str(device.marker)!r}, 'w').write('x')",
            detection=SoftwareDetection("file", str(device.marker)),
        ),
        **more,
    )


def removal(device: Device, **more: Any) -> SoftwareJob:
    command = f"import os; os.remove({str(device.marker)!r})"
    return item(device, action="uninstall", command=command, **more)


def test_what_is_not_there_is_installed_and_then_found(device: Device) -> None:
    assert device.run(item(device))["exit_code"] == 0
    out, err = device.said()
    assert (out, err) == (
        [
            "Detect: Tool is not installed.",
            "Install: Tool, by script.",
            "installing",
            "Install: it ended with exit code 0.",
            "Verify: Tool is installed.",
        ],
        "",
    )


@once
def test_what_is_there_is_not_installed_again(device: Device) -> None:
    device.marker.write_text("x")
    assert device.run(item(device, command="raise SystemExit(9)"))["exit_code"] == 0
    assert device.said()[0] == ["Detect: Tool is installed; nothing to do."]


@once
def test_what_is_there_is_removed_and_what_is_not_is_not(device: Device) -> None:
    device.marker.write_text("x")
    assert device.run(removal(device))["exit_code"] == 0
    assert device.said()[0][-1] == "Verify: Tool is not installed."
    assert device.run(removal(device))["exit_code"] == 0
    assert device.said()[0] == ["Detect: Tool is not installed; nothing to do."]


@once
def test_who_says_it_is_done_without_having_done_it_has_failed(device: Device) -> None:
    assert device.run(item(device, command="pass"))["exit_code"] == 1
    assert "ended with exit code 0, but Tool is not installed" in device.said()[1]
    device.marker.write_text("x")
    assert (
        device.run(removal(device) if False else replace(removal(device), command="pass"))["exit_code"] == 1
    )
    assert "but Tool is installed" in device.said()[1]


@once
def test_the_installers_exit_code_is_the_steps(device: Device) -> None:
    assert device.run(item(device, command="raise SystemExit(5)"))["exit_code"] == 5
    assert device.said()[0][-1] == "Install: it failed with exit code 5."
    accepted = item(device, exit_codes=(0, 5), command=item(device).command + "; raise SystemExit(5)")
    assert device.run(accepted)["exit_code"] == 5
    assert device.said()[0][-1] == "Verify: Tool is installed."


def test_what_only_shows_after_a_restart_is_no_failure(device: Device) -> None:
    code = 3010 if sys.platform == "win32" else 194
    assert device.run(item(device, command=f"raise SystemExit({code})"))["exit_code"] == code
    assert device.said()[0][-1] == "Verify: it will only show after the restart."


@once
def test_without_a_way_to_tell_it_is_installed_in_any_case(device: Device) -> None:
    assert device.run(item(device, detection=SoftwareDetection()))["exit_code"] == 0
    assert device.said()[0][0] == "Detect: nothing says how to tell whether Tool is installed."


@once
def test_a_script_may_tell_whether_it_is_installed(device: Device) -> None:
    looks = f"import os, sys; sys.exit(0 if os.path.exists({str(device.marker)!r}) else 1)"
    job = item(device, detection=SoftwareDetection("script", looks))
    assert [device.run(job)["exit_code"] for _ in range(2)] == [0, 0]
    assert device.said()[0] == ["Detect: Tool is installed; nothing to do."]


def test_parameters_arguments_and_the_file_reach_the_script(device: Device, tmp_path: Path) -> None:
    source = tmp_path / "tool data.bin"
    source.write_bytes(b"content")
    content = "open(os.environ['DEPLOYFLOW_FILE']).read()"
    shows = f"import os, sys; print(os.environ['DF_SITE'], sys.argv[1:], {content})"
    job = item(
        device,
        command=shows,
        arguments='--one "two words"',
        source_type="local_path",
        source=str(source),
        file_name=source.name,
        sha256=hashlib.sha256(b"content").hexdigest(),
        detection=SoftwareDetection(),
    )
    assert device.run(job, parameters={"site": "north"})["exit_code"] == 0
    assert "north ['--one', 'two words'] content" in device.said()[0]


def test_a_wrong_file_is_never_executed(device: Device, tmp_path: Path) -> None:
    source = tmp_path / "setup.bin"
    source.write_bytes(b"something else")
    job = item(device, source_type="local_path", source=str(source), sha256="0" * 64)
    assert device.run(job)["exit_code"] == 1
    out, err = device.said()
    assert "nothing was run" in err
    assert hashlib.sha256(b"something else").hexdigest() in err
    assert not any(line.startswith("Install") for line in out)


@pytest.mark.skipif(sys.platform == "win32", reason="its command line is for sh")
def test_a_command_line_is_for_the_systems_shell(device: Device) -> None:
    job = item(
        device, installer_type="custom", language="", command="echo one;  echo", arguments="'two  three'"
    )
    device.run(replace(job, detection=SoftwareDetection()))
    assert {"one", "two  three"} <= set(device.said()[0])


@pytest.mark.sockets
def test_an_upload_comes_from_the_service(device: Device, tmp_path: Path, ca: Signed, leaf: Signed) -> None:
    from tests.agent.file_server import FileServer

    program = (
        f"#!{sys.executable}\nimport sys; print(sys.argv[1:]); open({str(device.marker)!r}, 'w')\n".encode()
    )
    server = FileServer(tmp_path, leaf, ca, program)
    save_enrollment(device.root / "enrollment.json", Enrollment(server.url, ca.pem, 7, "uid", "words"))
    sha256 = hashlib.sha256(program).hexdigest()
    device.downloads = (Download("/files/1?signature=s", sha256, len(program), "setup.run"),)
    job = item(
        device,
        installer_type="exe",
        source_type="upload",
        file_name="setup.run",
        command="",
        arguments="--quiet 'to here'",
    )
    try:
        assert device.run(job)["exit_code"] == 0, device.said()
    finally:
        server.stop()
    assert device.said()[0] == [
        "Detect: Tool is not installed.",
        "Fetch: 0.0 MB from the service.",
        "Fetch: 0.0 MB are here, and the SHA-256 is right.",
        "Install: Tool, by exe.",
        "['--quiet', 'to here']",
        "Install: it ended with exit code 0.",
        "Verify: Tool is installed.",
    ]
    assert device.rejected(replace(job)) == "The file of Tool did not come along; run it anew."


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = made(tmp_path / "bin")
    monkeypatch.setenv("PATH", os.pathsep.join([str(folder), os.environ["PATH"], "/usr/sbin", "/sbin"]))
    monkeypatch.delenv("DEBIAN_FRONTEND", raising=False)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    return folder


def stand_in(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


@on_linux
def test_apt_is_asked_without_questions_and_waits_for_its_lock(device: Device, programs: Path) -> None:
    log = programs / "log"
    stand_in(programs, "apt-get", RECORDS.format(log=log, effect=f"touch {device.marker}"))
    there = f'[ -e {device.marker} ] && echo "installed 2.1-1" || exit 1'
    stand_in(programs, "dpkg-query", f"#!/bin/sh\n{there}\n")
    job = item(
        device,
        installer_type="apt",
        command="",
        source="tool other=1.2",
        arguments="--no-install-recommends",
        detection=SoftwareDetection("package", "", "2.0"),
    )
    assert device.run(job)["exit_code"] == 0, device.said()
    [line] = log.read_text().splitlines()
    assert line.startswith("noninteractive --yes -o DPkg::Lock::Timeout=600 ")
    assert line.endswith(" install --no-install-recommends -- tool other=1.2")
    assert device.said()[0][-1] == "Verify: Tool 2.1-1 is installed."
    newer = replace(job, detection=SoftwareDetection("package", "tool", "2.1-2"))
    assert device.run(newer)["exit_code"] == 1
    assert device.said()[0][0] == "Detect: Tool 2.1-1 is installed, and it should be at least 2.1-2."
    stand_in(programs, "apt-get", RECORDS.format(log=log, effect=f"rm {device.marker}"))
    assert device.run(replace(job, action="uninstall"))["exit_code"] == 0
    assert log.read_text().splitlines()[-1].endswith(" remove --no-install-recommends -- tool other")


@on_linux
def test_dnf(device: Device, programs: Path) -> None:
    log = programs / "log"
    stand_in(programs, "dnf", RECORDS.format(log=log, effect=f"touch {device.marker}"))
    stand_in(programs, "rpm", f'#!/bin/sh\n[ -e {device.marker} ] && echo "+ 2.1-1.el9" || exit 1\n')
    job = item(
        device,
        installer_type="dnf",
        command="",
        source="tool",
        detection=SoftwareDetection("package", "", "2.0"),
    )
    assert device.run(job)["exit_code"] == 0, device.said()
    assert log.read_text().strip() == "--assumeyes install -- tool"
    assert device.said()[0][-1] == "Verify: Tool 2.1-1.el9 is installed."


@on_linux
@pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="there is no dpkg here")
def test_a_real_package_is_installed_and_removed(device: Device, programs: Path, tmp_path: Path) -> None:
    """dpkg itself with a database and a root of its own; only who finds packages by name is a stand-in."""
    root = scratch_root(tmp_path)
    package = built_package(tmp_path)
    flags = f"--root={root} --force-not-root --force-script-chrootless --log=/dev/null"
    get = f'case "$*" in *" install "*) dpkg {flags} -i {package};; *) dpkg {flags} -r df-tool;; esac'
    stand_in(programs, "apt-get", f"#!/bin/sh\n{get}\n")
    real = shutil.which("dpkg-query", path="/usr/bin:/bin")
    stand_in(programs, "dpkg-query", f'#!/bin/sh\nexec {real} --admindir={root}/var/lib/dpkg "$@"\n')
    for detection in (
        SoftwareDetection("package", "", "2.1"),
        SoftwareDetection("installed", "DF-*", "2.1-1"),
    ):
        job = item(device, installer_type="apt", command="", source="df-tool", detection=detection)
        assert device.run(job)["exit_code"] == 0, device.said()
        assert (root / "opt/df-tool/hello").read_text() == "hello\n"
        assert device.said()[0][-1] == "Verify: Tool 2.1-1 is installed."
        assert device.run(job)["exit_code"] == 0
        assert device.said()[0] == ["Detect: Tool 2.1-1 is installed; nothing to do."]
        assert device.run(replace(job, action="uninstall"))["exit_code"] == 0, device.said()
        assert device.said()[0][-1] == "Verify: Tool is not installed."
        assert not (root / "opt/df-tool").exists()


def scratch_root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    for folder in ("updates", "info", "parts"):
        (root / "var/lib/dpkg" / folder).mkdir(parents=True)
    (root / "var/lib/dpkg/status").touch()
    (root / "var/lib/dpkg/available").touch()
    return root


def built_package(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "opt/df-tool").mkdir(parents=True)
    (tree / "opt/df-tool/hello").write_text("hello\n")
    (tree / "DEBIAN/control").write_text(
        "Package: df-tool\nVersion: 2.1-1\nArchitecture: all\n"
        "Maintainer: Somebody <somebody@example.org>\nDescription: a tool\n"
    )
    package = tmp_path / "df-tool.deb"
    subprocess.run(["dpkg-deb", "--build", str(tree), str(package)], check=True, capture_output=True)
    return package


REJECTIONS: list[tuple[dict[str, Any], str]] = [
    ({"installer_type": "flatpak"}, "does not know 'flatpak'; update it"),
    ({"language": "cobol"}, "cannot run scripts in 'cobol'"),
    ({"command": " "}, "The script of this item is empty."),
    ({"arguments": "'open"}, "A quote in the arguments has no end"),
    ({"installer_type": "custom", "command": ""}, "Nothing says how Tool is to be installed"),
    ({"installer_type": "exe", "command": ""}, "Nothing says how Tool is to be installed"),
    ({"source_type": "url", "source": "http://host/x"}, "Without https"),
    ({"source_type": "file_share", "source": "setup.msi"}, "setup.msi is no whole path"),
    ({"source_type": "local_path", "source": "/x", "file_name": "../x"}, "cannot be used on every system"),
]


@pytest.mark.parametrize(("more", "sentence"), REJECTIONS)
def test_what_cannot_be_done_is_rejected_before_anything_runs(
    device: Device, more: dict[str, Any], sentence: str
) -> None:
    if sys.platform == "win32" and "arguments" in more:
        pytest.skip("there every quote has an end")
    assert sentence in device.rejected(item(device, **more))


def test_an_item_for_something_else_is_rejected(device: Device) -> None:
    assert "say different things" in device.rejected(item(device), "uninstall_software")
    with pytest.raises(RejectionError, match="does not understand what to install"):
        job_for(Offer(ONE, "install_software", "{}", 60.0), str(device.attempts), {}, None)


@on_linux
def test_a_device_without_the_tool_says_so(
    device: Device, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(programs))
    apt = item(device, installer_type="apt", command="")
    assert device.rejected(apt) == "This device has no apt-get, which Tool needs to be installed."
    assert "which only Windows has" in device.rejected(item(device, installer_type="winget", command=""))
    monkeypatch.setattr("os.geteuid", lambda: 4711)
    assert device.rejected(apt) == "apt needs root, and this step does not run as root."


if sys.platform == "win32":
    import winreg

    from agent.software import commands, windows_detection
    from agent.software.detection import look

    SYSTEM = Path(os.environ["SYSTEMROOT"]) / "System32"
    CODE = "{23170F69-40C1-2702-2301-000001000000}"

    def test_the_commands_of_windows() -> None:
        tools = {"msiexec": "msiexec.exe", "winget": r"C:\Program Files\winget.exe", "choco": "choco.exe"}
        msi = SoftwareJob("install", "Tool", "1", "msi", arguments='PATH="C:\\a b" X=1')
        assert commands.installer(msi, tools, r"C:\w x\a.msi", "log") == (
            'msiexec.exe /i "C:\\w x\\a.msi" /qn /norestart /l*v log PATH="C:\\a b" X=1'
        )
        gone = replace(
            msi, action="uninstall", arguments="", detection=SoftwareDetection("msi_product", CODE)
        )
        assert commands.installer(gone, tools, "", "log") == f"msiexec.exe /x {CODE} /qn /norestart /l*v log"
        winget = SoftwareJob(
            "install", "Tool", "1", "winget", source="Maker.Tool", arguments="--scope machine"
        )
        assert commands.installer(winget, tools, "", "log") == (
            '"C:\\Program Files\\winget.exe" install --id Maker.Tool --exact --silent '
            "--accept-source-agreements --disable-interactivity --accept-package-agreements --scope machine"
        )
        choco = SoftwareJob("uninstall", "Tool", "1", "choco", source="tool")
        assert commands.installer(choco, tools, "", "log") == (
            "choco.exe uninstall tool --yes --no-progress --limit-output"
        )
        assert commands.parted('/S "C:\\a b" x\\y') == ["/S", "C:\\a b", "x\\y"]

    def test_an_installer_is_given_its_arguments_as_they_stand(device: Device) -> None:
        job = item(
            device,
            installer_type="exe",
            source_type="local_path",
            source=str(SYSTEM / "cmd.exe"),
            file_name="cmd.exe",
            command="",
            arguments=f'/d /c "echo a  b> "{device.marker}" & exit 7"',
            exit_codes=(0, 7),
        )
        assert device.run(job)["exit_code"] == 7, device.said()
        assert device.marker.read_text().rstrip() == "a  b"
        assert device.said()[0][-1] == "Verify: Tool is installed."

    def test_a_package_that_windows_installer_cannot_open_fails_with_its_code(device: Device) -> None:
        source = device.root / "broken.msi"
        source.write_bytes(b"no package")
        job = item(device, installer_type="msi", source_type="local_path", source=str(source), command="")
        code = device.run(job)["exit_code"]
        assert code not in (0, None)
        assert f"Install: it failed with exit code {code}." in device.said()[0]

    def test_a_command_line_is_for_cmd(device: Device) -> None:
        job = item(device, installer_type="custom", language="", command=f'echo x> "{device.marker}"')
        assert device.run(job)["exit_code"] == 0, device.said()

    def test_products_and_values_of_the_registry_are_found(device: Device) -> None:
        path = rf"SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\{CODE}"
        view = winreg.KEY_ALL_ACCESS | winreg.KEY_WOW64_64KEY
        with winreg.CreateKeyEx(winreg.HKEY_LOCAL_MACHINE, path, 0, view) as key:
            winreg.SetValueEx(key, "DisplayVersion", 0, winreg.REG_SZ, "23.01")
        try:
            assert list(windows_detection.product(CODE.lower())) == ["23.01"]
            for detection, there in (
                (SoftwareDetection("msi_product", CODE, "23.1"), True),
                (SoftwareDetection("msi_product", CODE, "24"), False),
                (SoftwareDetection("registry", f"HKLM\\{path}@DisplayVersion", "22"), True),
                (SoftwareDetection("registry", f"HKLM\\{path}"), True),
                (SoftwareDetection("registry", f"HKLM\\{path}@None"), False),
                (SoftwareDetection("registry", "HKXX\\None"), False),
            ):
                found = look(item(device, detection=detection), {}, None)
                assert found is not None
                assert found.is_there is there, detection
        finally:
            winreg.DeleteKeyEx(winreg.HKEY_LOCAL_MACHINE, path, winreg.KEY_WOW64_64KEY)

    def test_files_have_versions() -> None:
        assert windows_detection.file_version(str(SYSTEM / "kernel32.dll")).count(".") == 3
        assert windows_detection.file_version(__file__) == ""
