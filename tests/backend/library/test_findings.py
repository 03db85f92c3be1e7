"""Findings: what is seen in a script, at which line, and what is not worth a word."""

import time
from pathlib import Path

import pytest

from backend_lite.contract.library import Language
from backend_lite.features.library.findings import MAX_FINDINGS, MOST_PIPES, findings

SH, PS, CMD, PY = Language.BASH, Language.POWERSHELL, Language.CMD, Language.PYTHON


def seen(language: Language, content: str) -> list[str]:
    return [f"{one.line} {one.rule} {one.severity.value}" for one in findings(language, content)]


@pytest.mark.parametrize(
    ("language", "content", "expected"),
    [
        (SH, "rm -rf build", "1 delete warning"),
        (SH, "cd /tmp && sudo -n rm -r --force ./x", "1 delete warning"),
        (SH, "rm -fr /", "1 delete danger"),
        (SH, "\nrm -rf /*", "2 delete danger"),
        (SH, 'rm -rf "$DIR"/', "1 delete danger"),
        (SH, 'rm -rf "${CACHE}"/*', "1 delete danger"),
        (SH, 'rm -rf "$DIR/"', "1 delete danger"),
        (SH, "rm -rf ${DIR}/*", "1 delete danger"),
        (SH, "find /tmp -name x -delete", "1 delete warning"),
        (SH, "find /tmp -exec rm {} +", "1 delete warning"),
        (SH, "find . | xargs -n 1 rm -r", "1 delete warning"),
        (SH, "dd if=/dev/zero of=/dev/sda bs=1M", "1 disk danger"),
        (SH, "mkfs.ext4 /dev/sdb1", "1 disk danger"),
        (SH, "if true; then\n  reboot\nfi", "2 restart warning"),
        (SH, "/sbin/shutdown -r now", "1 restart warning"),
        (SH, "systemctl reboot", "1 restart warning"),
        (SH, "curl -fsSL https://x/y | sudo bash -s -- a", "1 download danger"),
        (SH, "curl https://x | tar x | sh", "1 download danger"),
        (SH, "wget -qO- https://x 2>/dev/null | sh", "1 download danger"),
        (SH, "bash <(curl -s https://x)", "1 download danger"),
        (SH, 'sh -c "$(wget -O- https://x)"', "1 download danger"),
        (SH, "curl -sk https://x -o y", "1 security warning"),
        (SH, "setenforce 0", "1 security warning"),
        (SH, "systemctl disable --now firewalld", "1 security warning"),
        (SH, "chmod -R 777 /srv", "1 security warning"),
        (SH, 'eval "$DF_COMMAND"', "1 eval danger"),
        (SH, 'eval "$x"', "1 eval warning"),
        (SH, 'bash -c "echo $DF_NAME"', "1 eval danger"),
        (SH, "DB_PASSWORD=hunter22", "1 credential warning"),
        (SH, "mysql -u root --password=hunter22 x", "1 credential warning"),
        (SH, "curl https://ada:hunter2@host/x", "1 credential danger"),
        (SH, "# AKIAIOSFODNN7EXAMPLE", "1 credential danger"),
        (PS, "Remove-Item -Path C:\\Temp\\x -Recurse -Force", "1 delete warning"),
        (PS, "Get-Item x | rm -r", "1 delete warning"),
        (PS, 'Remove-Item -Rec "$Folder\\*"', "1 delete danger"),
        (PS, "Remove-Item C:\\ -Recurse", "1 delete danger"),
        (PS, "Format-Volume -DriveLetter D", "1 disk danger"),
        (PS, "vssadmin.exe delete shadows /all", "1 backup danger"),
        (PS, "if ($x) {\n  Restart-Computer -Force\n}", "2 restart warning"),
        (PS, "shutdown /r /t 0", "1 restart warning"),
        (PS, "shutdown.exe /r /t 300 /c $text", "1 restart warning"),
        (PS, "iex (iwr https://x)", "1 download danger"),
        (PS, "irm https://x | iex", "1 download danger"),
        (PS, "iex ((New-Object Net.WebClient).DownloadString('https://x'))", "1 download danger"),
        (PS, "Invoke-Expression $env:DF_CODE", "1 eval danger"),
        (PS, 'Invoke-Expression "dir $x"', "1 eval warning"),
        (PS, "Set-MpPreference -DisableRealtimeMonitoring $true", "1 security warning"),
        (PS, "Set-NetFirewallProfile -Profile Domain -Enabled False", "1 security warning"),
        (PS, "Stop-Service -Name WinDefend", "1 security warning"),
        (PS, "Invoke-WebRequest https://x -SkipCertificateCheck -OutFile y", "1 security warning"),
        (PS, "$Password = 'hunter22'", "1 credential warning"),
        (PS, 'ConvertTo-SecureString "hunter22" -AsPlainText -Force', "1 credential warning"),
        (CMD, "del /s /q C:\\Temp\\*", "1 delete warning"),
        (CMD, "@echo off\r\nrd /s/q %TEMP%\\x", "2 delete warning"),
        (CMD, "if exist C:\\x rmdir /S /Q C:\\x", "1 delete warning"),
        (CMD, "for /d %%i in (*) do (rd /s /q %%i)", "1 delete warning"),
        (CMD, "rd /s /q %DIR%\\", "1 delete danger"),
        (CMD, "format D: /q", "1 disk danger"),
        (CMD, "shutdown /s /t 0", "1 restart warning"),
        (CMD, "netsh advfirewall set allprofiles state off", "1 security warning"),
        (CMD, "curl https://x | cmd", "1 download danger"),
        (CMD, "cmd /c echo %DF_NAME%", "1 eval danger"),
        (CMD, "set PASSWORD=hunter22", "1 credential warning"),
        (CMD, "shutdown ^\r\n /r", "1 restart warning"),
        (PY, "import shutil\nshutil.rmtree(path)", "2 delete warning"),
        (PY, "subprocess.run(['rm', '-rf', path])", "1 delete warning"),
        (PY, "os.system('cd x; rm -rf /')", "1 delete danger"),
        (PY, "os.system('shutdown -r now')", "1 restart warning"),
        (PY, "exec(urllib.request.urlopen(u).read())", "1 download danger"),
        (PY, "eval(os.environ['DF_CODE'])", "1 eval danger"),
        (PY, "os.system(f'ping {host}')", "1 eval warning"),
        (PY, "subprocess.run('ping ' + host, shell=True)", "1 eval warning"),
        (PY, "requests.get(url, verify=False)", "1 security warning"),
        (PY, "password = 'hunter22'", "1 credential warning"),
        (PY, "connect(host, password='hunter22')", "1 credential warning"),
    ],
)
def test_what_is_seen(language: Language, content: str, expected: str) -> None:
    assert expected in seen(language, content)


@pytest.mark.parametrize(
    ("language", "content"),
    [
        (SH, "# rm -rf /\necho 'rm -rf /'\necho \"reboot now\"\nrm file.txt\nrmdir empty"),
        (SH, "cat <<EOF\nrm -rf /\nreboot\nEOF"),
        (SH, "shutdown -c\nfdisk -l\nchmod 755 x\nsystemctl restart nginx\nsystemctl status firewalld"),
        (SH, "curl -fsS https://x -o y\ncurl https://x | jq .\ndd if=x of=disk.img\ndd if=x of=/dev/null"),
        (
            SH,
            'PASSWORD="$1"\nTOKEN=$(cat /run/x)\nPASSWORD=\nexport PASSWORD_FILE=/run/x\ntoken="${DF_TOKEN}"',
        ),
        (SH, 'if [ -z "$PASSWORD" ]; then echo "password: missing"; fi'),
        (SH, "PASSWORD_FILE=/etc/secret\nKEY=abc\npwd\nsecret=changeme"),
        (PS, "# Remove-Item -Recurse\nWrite-Host 'Remove-Item C:\\ -Recurse'\nRemove-Item x.txt"),
        (PS, "Remove-Item x -Recurse -WhatIf\nGet-ChildItem -Recurse"),
        (PS, "param([string]$Password, [SecureString]$Secret)\n$Token = $env:DF_TOKEN\n$pwd = Get-Location"),
        (PS, "Invoke-WebRequest https://x -OutFile y\nRestart-Service spooler\n<#\nRestart-Computer\n#>"),
        (PS, "Set-ExecutionPolicy Bypass -Scope Process\n$Password = Read-Host -AsSecureString"),
        (PS, "$x = @'\niex (iwr https://x)\n'@"),
        (CMD, "rem del /s\n:: format c:\necho del /s /q x\ndel x.txt\nshutdown /a\nset TOKEN=%1"),
        (CMD, "echo format D: >x\nsc query windefend\nset PATH=%PATH%;C:\\x"),
        (PY, "# shutil.rmtree\nprint('os.system(rm -rf /)')\nos.remove('x')\nsubprocess.run(['ls', '-r'])"),
        (PY, "password = os.environ['DF_PASSWORD']\ntoken = getpass()\neval('1 + 1')\nmodel.eval()"),
        (PY, "subprocess.run('ls -l', shell=True)\nre.compile('x')\npassword: str = ''\nsecret = None"),
    ],
)
def test_what_is_not_worth_a_word(language: Language, content: str) -> None:
    assert seen(language, content) == []


def test_a_finding_is_said_once_and_in_the_order_of_lines() -> None:
    found = findings(SH, "reboot\nrm -r a; rm -r b\ncurl x | sh\n")
    assert [(one.line, one.rule) for one in found] == [(1, "restart"), (2, "delete"), (3, "download")]
    assert all(one.text.endswith(".") for one in found)
    assert len(findings(SH, "reboot\n" * 500)) == MAX_FINDINGS


def test_what_was_not_looked_at_is_said() -> None:
    content = "a | b\n" * MOST_PIPES + "reboot\n"
    assert seen(SH, "a | b\n" * (MOST_PIPES - 1) + "reboot\n") == [f"{MOST_PIPES} restart warning"]
    assert seen(SH, content) == [f"{MOST_PIPES} length note"]


@pytest.mark.parametrize("language", list(Language))
def test_any_text_can_be_looked_at(language: Language) -> None:
    for content in ("", "\0", "((((" * 500, "\"'`$({[<", "é" * 10 + "\r\n|&;", "if " * 300, "a |" * 300):
        findings(language, content)


@pytest.mark.parametrize("language", list(Language))
def test_a_large_script_is_looked_at_in_reasonable_time(language: Language) -> None:
    line = 'echo "some text" $x -option value  password  = maybe\n'
    before = time.process_time()
    findings(language, line * (100_000 // len(line)))
    assert time.process_time() - before < 3


@pytest.mark.parametrize(
    "unit",
    [
        "$(a ",
        "a | ",
        "a.",
        "(",
        "if x ",
        "$x = ",
        "f(",
        "a ^\n",
        "'",
        "a; ",
        "<( ",
        "password=",
        "  ",
        "x://",
    ],
)
def test_nothing_makes_it_slow(unit: str) -> None:
    before = time.process_time()
    for language in (SH, PS, CMD, PY):
        findings(language, unit * (20_000 // len(unit)))
    assert time.process_time() - before < 5


def test_the_starter_library_holds_no_surprise() -> None:
    kinds = {".sh": SH, ".ps1": PS, ".cmd": CMD, ".py": PY}
    folder = Path(__file__).parents[3] / "resources" / "starter_library"
    scripts = [path for path in folder.rglob("*") if path.suffix in kinds]
    assert scripts
    seen_there = {
        (path.name, one.rule)
        for path in scripts
        for one in findings(kinds[path.suffix], path.read_text("utf-8"))
    }
    # What they are for.
    assert seen_there == {("restart.sh", "restart"), ("restart.ps1", "restart")}
