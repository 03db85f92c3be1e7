"""Every script of the starter library that can run here really runs, in the form that the agent gives it."""

from __future__ import annotations

import http.server
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend_lite.contract.parameters import PlainValue
from tests.helpers.starter import LIBRARY, Place, copy_of_this_machine

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="runs the scripts for Linux")

Values = dict[str, PlainValue]
Done = subprocess.CompletedProcess[str]

# Those that only look: values, exit codes that are right on some machine or other, and a word that they say.
LOOKING: dict[str, tuple[Values, set[int], str]] = {
    "Any system: is a name found (DNS)": ({"Name": "localhost"}, {0}, "localhost: "),
    "Any system: is enough disk space left": ({}, {0, 1}, " GB free ("),
    "Any system: largest files": ({"Folder": "/etc/apt"}, {0}, " files, "),
    "Any system: live output test": ({"Seconds": 0.25}, {0}, "Done."),
    "Any system: ping": ({"Host": "127.0.0.1", "Count": 1}, {0, 2}, "ping"),
    "Linux: accounts that can sign in": ({}, {0}, "root"),
    "Linux: certificates about to expire": ({}, {0, 1}, " certificates"),
    "Linux: containers": ({}, {0, 1}, ""),
    "Linux: cron jobs and timers": ({}, {0}, "== Of users"),
    "Linux: errors in the journal": ({}, {0, 1, 2}, ""),
    "Linux: failed services": ({}, {0, 1}, ""),
    "Linux: files that everybody may change": ({"Folder": "/etc/apt"}, {0}, "Nothing under /etc/apt"),
    "Linux: hardware overview": ({}, {0}, "== Processor"),
    "Linux: is SSH set up safely": ({}, {0, 1, 2}, ""),
    "Linux: is a restart due": ({}, {0, 1}, "restart is"),
    "Linux: is the clock kept in step": ({}, {0, 1, 2}, ":"),
    "Linux: kernel, uptime and last boots": ({}, {0}, "up for"),
    "Linux: listening ports": ({}, {0}, ""),
    "Linux: network settings": ({}, {0}, "== Name servers"),
    "Linux: pending updates": ({}, {0}, "restart is"),
    "Linux: sign-ins": ({}, {0}, "== Now"),
    "Linux: system overview": ({}, {0}, "== Memory"),
    "Linux: temperatures": ({}, {0, 1}, ""),
    "Linux: what fills the disk": ({"Folder": "/etc"}, {0}, "== Largest folders under /etc"),
    "Linux: what uses memory and processor": ({}, {0, 2}, ""),
    "Linux: who may become root": ({}, {0}, "root"),
}
# Those with tests of their own below.
CHANGING = {
    "Any system: does a web page answer",
    "Any system: how wrong is the clock",
    "Any system: is a port open",
    "Any system: write a text file",
    "Linux: add a user",
    "Linux: clean temporary files",
    "Linux: clean the package cache",
    "Linux: health of the disks (SMART)",
    "Linux: install security updates by itself",
    "Linux: install updates",
    "Linux: kernel setting (sysctl)",
    "Linux: remove a user",
    "Linux: restart a service",
    "Linux: restart with notice",
    "Linux: set the time zone",
    "Linux: shorten the journal",
}


@pytest.fixture
def here(tmp_path: Path) -> Place:
    """This machine, with stand-ins for what would change it."""
    return Place(tmp_path)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with copy_of_this_machine(tmp_path_factory.mktemp("copy")) as place:
        yield place


def is_good(done: Done, code: int = 0) -> str:
    """Its whole output, once it is sure that the script itself is in order."""
    text = done.stdout + done.stderr
    assert done.returncode == code, text
    for sign in ("command not found", "syntax error", "Traceback", "unbound variable", "integer expression"):
        assert sign not in text, text
    return text


def test_each_script_for_this_system_is_run_somewhere() -> None:
    names = {name for name, script in LIBRARY.items() if script.target_os_type in (None, "linux")}
    assert names == set(LOOKING) | CHANGING


@pytest.mark.parametrize("name", LOOKING)
def test_what_only_looks_has_something_to_say(here: Place, name: str) -> None:
    values, codes, word = LOOKING[name]
    done = here.run(name, **values)
    assert done.returncode in codes, done.stderr
    text = is_good(done, done.returncode)
    assert text.strip()
    assert word in text


def test_a_file_is_written_found_and_taken_back(here: Place, tmp_path: Path) -> None:
    path, name = tmp_path / "new folder" / "a file.conf", "Any system: write a text file"
    values: Values = {"Path": str(path), "Text": "eins\nzwei é '\" $HOME\n", "Mode": "0600"}
    assert here.run(name, "detect", **values).returncode == 1
    is_good(here.run(name, **values))
    assert path.read_text("utf-8") == values["Text"]
    assert path.stat().st_mode & 0o777 == 0o600
    is_good(here.run(name, "detect", **values))
    is_good(here.run(name, **{**values, "Text": "other"}))
    assert here.run(name, "detect", **values).returncode == 1
    is_good(here.run(name, "undo", **values))
    assert list(path.parent.iterdir()) == []
    assert "nothing to take back" in is_good(here.run(name, "undo", **values))


def test_a_file_that_was_there_comes_back(here: Place, tmp_path: Path) -> None:
    path, name = tmp_path / "a.conf", "Any system: write a text file"
    path.write_text("before")
    path.chmod(0o640)
    is_good(here.run(name, Path=str(path), Text="after"))
    is_good(here.run(name, Path=str(path), Text="after again"))
    is_good(here.run(name, "undo", Path=str(path), Text="after"))
    assert path.read_text() == "before"
    assert path.stat().st_mode & 0o777 == 0o640
    assert "whole path" in is_good(here.run(name, Path="a.conf", Text="x"), 2)


def test_a_full_disk_is_seen(here: Place) -> None:
    name = "Any system: is enough disk space left"
    assert "FULL" in is_good(here.run(name, MinimumPercent=100, MinimumGB=10**9), 1)
    assert "FULL" not in is_good(here.run(name, MinimumPercent=0, MinimumGB=0))


def test_names_are_looked_up(here: Place) -> None:
    name = "Any system: is a name found (DNS)"
    assert "127.0.0.1" in is_good(here.run(name, Name="127.0.0.1", Expected="127.0.0.1"))
    assert "not among them" in is_good(here.run(name, Name="127.0.0.1", Expected="192.0.2.1"), 1)
    assert "no address" in is_good(here.run(name, Name="127.0.0.1", Expected="x"), 2)


@pytest.mark.sockets
def test_ports_and_pages_are_asked(here: Place) -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), Pages) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port, page = server.server_port, f"http://127.0.0.1:{server.server_port}/"
        try:
            is_good(here.run("Any system: is a port open", Host="127.0.0.1", Port=port))
            name = "Any system: does a web page answer"
            assert "status 200, 5 bytes" in is_good(here.run(name, Url=page, Contains="ell"))
            assert 'does not contain "bye"' in is_good(here.run(name, Url=page, Contains="bye"), 1)
            assert "should be 200" in is_good(here.run(name, Url=f"{page}missing"), 1)
            is_good(here.run(name, Url=f"{page}missing", Status=404))
            assert "begins with http" in is_good(here.run(name, Url="file:///etc/passwd"), 2)
        finally:
            server.shutdown()
    assert "no connection" in is_good(here.run("Any system: is a port open", Host="127.0.0.1", Port=port), 1)
    assert "does not answer" in is_good(here.run("Any system: does a web page answer", Url=page), 1)


class Pages(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"hello")
        else:
            self.send_error(404)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.mark.sockets
@pytest.mark.parametrize(("ahead", "code"), [(0, 0), (3600, 1)])
def test_the_clock_is_compared(here: Place, ahead: int, code: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def answer() -> None:
            _, address = server.recvfrom(256)
            seconds = time.time() + 2_208_988_800 + ahead
            stamp = struct.pack("!II", int(seconds), int(seconds % 1 * 2**32))
            server.sendto(b"\x24\x01" + bytes(30) + stamp + stamp, address)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        place = f"127.0.0.1 {server.getsockname()[1]}"
        is_good(here.run("Any system: how wrong is the clock", Server=place), code)
        thread.join(10)


def test_a_failed_ping_is_told_from_no_ping(here: Place) -> None:
    name = "Any system: ping"
    here.stand_in("ping", "exit 1")
    assert "does not answer" in is_good(here.run(name, Host="198.51.100.1"), 1)
    assert here.calls() == ["ping -c 4 198.51.100.1"]
    assert "cannot be the name" in is_good(here.run(name, Host="-f"), 2)
    assert here.calls() == []


def test_certificates_about_to_expire_are_found(here: Place, tmp_path: Path) -> None:
    name = "Linux: certificates about to expire"
    request = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key"
    for days in (10, 400):
        here.shell(f"{request} -days {days} -subj /CN=d{days} -out 'd {days}.pem' 2>&1")
    text = is_good(here.run(name, Folder=str(tmp_path)), 1)
    assert [line.split()[0] for line in text.splitlines() if "subject" in line or "CN" in line] == [
        "SOON",
        "good",
    ]
    assert "2 certificates" in is_good(here.run(name, Folder=str(tmp_path), Days=5))
    assert "no folder" in is_good(here.run(name, Folder="/nowhere"), 2)


def test_what_everybody_may_change_is_found(here: Place, tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    (folder / "sticky").mkdir()
    (folder / "sticky").chmod(0o1777)
    (folder / "file").touch()
    (folder / "file").chmod(0o666)
    text = is_good(here.run("Linux: files that everybody may change", Folder=str(folder)), 1)
    assert f"{folder}/file" in text
    assert "sticky" not in text


@pytest.mark.parametrize(
    ("settings", "code", "said"),
    [
        ("permitrootlogin yes\npasswordauthentication yes\nmaxauthtries 10", 1, "9 settings should be"),
        ("passwordauthentication no", 0, "good   permitrootlogin no"),
    ],
)
def test_settings_of_ssh_are_judged(here: Place, settings: str, code: int, said: str) -> None:
    good = (
        "permitrootlogin no\npermitemptypasswords no\nkbdinteractiveauthentication no\nmaxauthtries 6\n"
        "hostbasedauthentication no\nignorerhosts yes\nstrictmodes yes\npermituserenvironment no"
    )
    here.stand_in("sshd", f"cat <<'END'\n{settings}\n{'' if code else good}\nEND")
    text = is_good(here.run("Linux: is SSH set up safely"), code)
    assert here.calls() == ["sshd -T"]
    assert said in text


def test_a_failing_disk_is_found(here: Place) -> None:
    scan = 'if [ "$1" = --scan ]; then echo "/dev/sda -d sat # /dev/sda, ATA device"; exit; fi'
    here.stand_in(
        "smartctl", f"{scan}\necho 'SMART overall-health self-assessment test result: FAILED!'\nexit 8"
    )
    text = is_good(here.run("Linux: health of the disks (SMART)"), 1)
    assert "1 of 1 disks are failing" in text
    assert "FAILED!" in text
    assert here.calls()[1] == "smartctl --health --attributes --info -d sat /dev/sda"
    here.stand_in("smartctl", scan)
    is_good(here.run("Linux: health of the disks (SMART)"))


def test_unwell_containers_are_found(here: Place) -> None:
    here.stand_in("docker", 'if [ "$1" = ps ]; then printf "web\\tnginx\\tUp 3 days (unhealthy)\\n"; fi')
    assert "1 containers are unwell" in is_good(here.run("Linux: containers"), 1)


def test_a_clock_that_follows_is_told_from_one_that_does_not(here: Place) -> None:
    here.stand_in("chronyc", 'echo "Leap status     : Normal"')
    is_good(here.run("Linux: is the clock kept in step"))
    here.stand_in("chronyc", 'echo "Leap status     : Not synchronised"')
    assert "does not follow" in is_good(here.run("Linux: is the clock kept in step"), 1)


def test_memory_and_uptime_have_limits(here: Place) -> None:
    assert "should be" in is_good(here.run("Linux: what uses memory and processor", MinimumMB=10**9), 1)
    assert is_good(here.run("Linux: temperatures", Limit=150))


def test_errors_of_the_journal_are_counted(here: Place) -> None:
    line = "2026-01-02T03:04:05+0000 host {}: it failed"
    lines = [line.format("sshd[12]"), line.format("kernel"), line.format("sshd[13]"), "-- Boot x --"]
    here.stand_in("journalctl", "cat <<'END'\n" + "\n".join(lines) + "\nEND")
    text = is_good(here.run("Linux: errors in the journal"), 1)
    assert "3 errors in the last 24 hours" in text
    assert "      2  sshd\n" in text
    is_good(here.run("Linux: errors in the journal", Allowed=3))
    assert "--since=-24h" in here.calls()[0]


def test_a_service_is_restarted(here: Place) -> None:
    name = "Linux: restart a service"
    for program in ("systemctl", "journalctl", "sleep"):
        here.stand_in(program)
    is_good(here.run(name, Service="nginx"))
    assert here.calls() == [
        "systemctl restart nginx",
        "sleep 2",
        "systemctl show --property=Id,ActiveState,SubState,MainPID,NRestarts nginx",
        "systemctl is-active --quiet nginx",
    ]
    here.stand_in("systemctl", '[ "$1" != is-active ]')
    assert "does not run now" in is_good(here.run(name, Service="nginx"), 1)
    here.calls()
    assert "left alone" in is_good(here.run(name, Service="nginx", OnlyIfRunning=True))
    assert here.calls() == ["systemctl is-active --quiet nginx"]
    for wrong in ("--now", "a b", "x;reboot", ""):
        assert "cannot be the name" in is_good(here.run(name, Service=wrong), 2)


def test_updates_are_installed(here: Place) -> None:
    name = "Linux: install updates"
    here.stand_in(
        "apt-get", "echo 'Inst libc6 [1] (2 Debian-Security:12 [amd64])'\necho 'Inst vim [1] (2 Debian:12)'"
    )
    done = here.run(name, Scope="security")
    assert done.returncode in (0, 194), done.stderr
    calls = here.calls()
    assert [call.split()[-1] for call in calls] == ["update", "upgrade", "libc6"]
    assert "install --only-upgrade -- libc6" in calls[-1]
    here.run(name)
    assert here.calls()[-1].endswith("--with-new-pkgs upgrade")
    here.stand_in("apt-get", "exit 100")
    assert "package manager ended with 1" in is_good(here.run(name), 1)


def test_a_restart_is_announced_and_called_off(here: Place) -> None:
    name = "Linux: restart with notice"
    here.stand_in("shutdown")
    is_good(here.run(name, Minutes=7, Notice="Please; save `your` $work"), 194)
    is_good(here.run(name, "undo"))
    assert here.calls() == ["shutdown -r +7 Please; save `your` $work", "shutdown -c"]


def test_the_journal_is_shortened(here: Place) -> None:
    here.stand_in("journalctl")
    is_good(here.run("Linux: shorten the journal", KeepDays=3, KeepMB=100))
    assert "journalctl --vacuum-time=3d --vacuum-size=100M" in here.calls()


def test_a_kernel_setting_goes_and_comes_back(machine: Place) -> None:
    name, values = "Linux: kernel setting (sysctl)", {"Key": "net.ipv4.ip_forward", "Value": "1"}
    before = machine.shell("sysctl -n net.ipv4.ip_forward")
    machine.shell("sysctl -w net.ipv4.ip_forward=0")
    assert machine.run(name, "detect", **values).returncode == 1
    is_good(machine.run(name, **values))
    assert machine.shell("sysctl -n net.ipv4.ip_forward") == "1"
    is_good(machine.run(name, "detect", **values))
    is_good(machine.run(name, **values))
    is_good(machine.run(name, "undo", **values))
    assert machine.shell("sysctl -n net.ipv4.ip_forward; ls /etc/sysctl.d | grep deployflow || true") == "0"
    assert "nothing to take back" in is_good(machine.run(name, "undo", **values))
    assert "has no setting" in is_good(machine.run(name, Key="no.such.thing", Value="1"), 2)
    assert "cannot be the name" in is_good(machine.run(name, Key="../../etc/x", Value="1"), 2)
    machine.shell(f"sysctl -w net.ipv4.ip_forward={before}")


def test_the_time_zone_goes_and_comes_back(machine: Place) -> None:
    name = "Linux: set the time zone"
    machine.shell("ln -sfn /usr/share/zoneinfo/UTC /etc/localtime")
    assert machine.run(name, "detect", Zone="Europe/Vienna").returncode == 1
    is_good(machine.run(name, Zone="Europe/Vienna"))
    assert machine.shell("readlink /etc/localtime") == "/usr/share/zoneinfo/Europe/Vienna"
    is_good(machine.run(name, "detect", Zone="Europe/Vienna"))
    is_good(machine.run(name, Zone="Europe/Vienna"))
    is_good(machine.run(name, "undo", Zone="Europe/Vienna"))
    assert machine.shell("date +%Z") == "UTC"
    assert "knows no time zone" in is_good(machine.run(name, Zone="../../../etc/passwd"), 2)


def test_a_user_is_made_and_goes(machine: Place) -> None:
    add, remove = "Linux: add a user", "Linux: remove a user"
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE0 ada@example"
    values: Values = {"User": "ada", "FullName": "Ada O'Hara", "SshKey": key, "Administrator": True}
    machine.shell("groupadd --force sudo")
    assert machine.run(add, "detect", **values).returncode == 1
    is_good(machine.run(add, **values))
    is_good(machine.run(add, "detect", **values))
    is_good(machine.run(add, **values))
    assert machine.shell(
        "cat ~ada/.ssh/authorized_keys; id -nG ada; stat -c '%a %U' ~ada/.ssh ~ada/.ssh/*"
    ) == (f"{key}\nada sudo\n700 ada\n600 ada")
    is_good(machine.run(add, "undo", **values))
    assert machine.run(remove, "detect", User="ada").returncode == 0
    assert "not made by this script" in is_good(machine.run(add, "undo", User="root"), 1)
    for wrong in ("Ada", "-r", "a b", "a" * 33):
        assert "cannot be the name" in is_good(machine.run(add, User=wrong), 2)
    assert "no public SSH key" in is_good(machine.run(add, User="eve", SshKey="command=x"), 2)


def test_a_user_of_the_system_stays(machine: Place) -> None:
    name = "Linux: remove a user"
    machine.shell("useradd --create-home bob")
    assert machine.run(name, "detect", User="bob").returncode == 1
    is_good(machine.run(name, User="bob", DeleteFiles=True))
    assert machine.shell("ls -d /home/bob 2>/dev/null || echo gone") == "gone"
    assert "There is no account" in is_good(machine.run(name, User="bob"))
    assert "account of the system" in is_good(machine.run(name, User="root"), 2)


def test_old_files_are_shown_and_deleted(machine: Place) -> None:
    name = "Linux: clean temporary files"
    machine.shell("cd /var/tmp && touch -d '30 days ago' 'old file' && touch -d '3 days ago' new")
    assert "tmp/old file\n" in is_good(machine.run(name))
    assert machine.shell("ls /var/tmp") == "new\nold file"
    is_good(machine.run(name, Delete=True))
    assert machine.shell("ls /var/tmp") == "new"


def test_the_package_cache_is_cleaned(machine: Place) -> None:
    machine.shell("mkdir -p /var/cache/apt/archives && touch /var/cache/apt/archives/x_1_all.deb")
    assert "MB more are free" in is_good(machine.run("Linux: clean the package cache"))
    assert machine.shell("ls /var/cache/apt/archives/*.deb 2>/dev/null || echo none") == "none"


def test_updates_install_themselves_until_that_is_taken_back(machine: Place) -> None:
    name = "Linux: install security updates by itself"
    machine.stand_in(
        "apt-get", "touch /usr/local/bin/unattended-upgrade; chmod +x /usr/local/bin/unattended-upgrade"
    )
    machine.shell("rm -f /etc/apt/apt.conf.d/20auto-upgrades")
    assert machine.run(name, "detect").returncode == 1
    is_good(machine.run(name))
    is_good(machine.run(name, "detect"))
    is_good(machine.run(name, "undo"))
    assert machine.run(name, "detect").returncode == 1


def test_a_restart_that_is_due_is_said_with_its_reason(machine: Place) -> None:
    name = "Linux: is a restart due"
    machine.shell("touch /run/reboot-required; echo linux-image >/run/reboot-required.pkgs")
    assert "linux-image" in is_good(machine.run(name), 1)
    assert "A restart is due." in is_good(machine.run("Linux: pending updates"))
    machine.stand_in("apt-get")
    assert "A restart is due." in is_good(machine.run("Linux: install updates"), 194)
