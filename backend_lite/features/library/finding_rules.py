"""What commands do that a person should know of: deleting, restarting, weakening, running what came along."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from backend_lite.contract.runs import Severity
from backend_lite.features.library.finding_words import Command


class Remark(NamedTuple):
    severity: Severity
    rule: str
    text: str


Rule = Callable[[Command], Remark | None]

_WHOLE = re.compile(
    r"(?:/|[A-Za-z]:[\\/]?)\*?|\$\{?(?:env:)?SystemDrive\}?[\\/]?\*?|%SystemDrive%[\\/]?\*?", re.IGNORECASE
)
_IF_EMPTY = re.compile(r"(?:\$\w+|\$\{\w+\}|%\w+%)[\\/]\*?")
_FETCHERS = frozenset(
    {
        "curl",
        "wget",
        "fetch",
        "iwr",
        "irm",
        "invoke-webrequest",
        "invoke-restmethod",
        ".downloadstring",
        "aria2c",
    }
)
_READERS = frozenset(
    {
        "sh",
        "bash",
        "dash",
        "zsh",
        "ksh",
        "python",
        "python3",
        "perl",
        "ruby",
        "node",
        "pwsh",
        "powershell",
        "cmd",
        "iex",
        "invoke-expression",
        "source",
        ".",
        "eval",
    }
)
_FETCH_INSIDE = re.compile(
    r"(?:\$\(|<\(|`|\()\s*(?:sudo\s+)?(?:curl|wget|iwr|irm|invoke-webrequest|invoke-restmethod)\b|\.downloadstring\(|urlopen\(",
    re.IGNORECASE,
)
_DYNAMIC = re.compile(r"\$[\w{(:]|`")


def _deletes_tree(command: Command) -> Remark | None:
    if not _is_tree_removal(command):
        return None
    for word in (word.replace('"', "") for word in command.words):
        if _WHOLE.fullmatch(word):
            return Remark(Severity.DANGER, "delete", f"Deletes everything below {word}.")
        if _IF_EMPTY.fullmatch(word):
            text = f"Deletes everything below {word}: should the variable be empty, that is the whole disk."
            return Remark(Severity.DANGER, "delete", text)
    return Remark(Severity.WARNING, "delete", "Deletes folders with everything in them.")


def _is_tree_removal(command: Command) -> bool:
    name = command.name
    if name in ("remove-item", "ri", "rm", "del", "rd", "rmdir", "erase") and _powershell_recurse(command):
        return not _parameter(command, "-whatif")
    if name == "rm":
        return command.flag("rR", "--recursive")
    if name == "find":
        return command.has("-delete") or (command.has("-exec", "-execdir") and command.has("rm"))
    if name in ("del", "erase", "rd", "rmdir"):
        return command.has("/s") or any(word.lower().startswith("/s/") for word in command.words)
    return name in ("shutil.rmtree", "rmtree")


def _powershell_recurse(command: Command) -> bool:
    words = [word.lower() for word in command.words]
    return any(
        len(word) > 1 and "-recurse".startswith(word.split(":")[0]) for word in words if word[:1] == "-"
    )


def _parameter(command: Command, name: str) -> bool:
    return any(word.lower().startswith(name) for word in command.words)


_DISKS = frozenset(
    {
        "wipefs",
        "fdisk",
        "sfdisk",
        "parted",
        "sgdisk",
        "diskpart",
        "format-volume",
        "clear-disk",
        "initialize-disk",
        "remove-partition",
        "blkdiscard",
    }
)


def _wipes_disk(command: Command) -> Remark | None:
    name = command.name
    formats = name == "format" and any(re.fullmatch(r"[A-Za-z]:", word) for word in command.words)
    lists = name in ("fdisk", "parted", "sfdisk") and command.flag("l", "--list")
    if formats or name == "mkfs" or name.startswith("mkfs.") or (name in _DISKS and not lists):
        return Remark(Severity.DANGER, "disk", f"{command.name} can wipe a disk or partition.")
    targets = [word[3:] for word in command.words if name == "dd" and word.startswith("of=")]
    if any(target.startswith("/dev/") and target not in ("/dev/null", "/dev/stdout") for target in targets):
        return Remark(Severity.DANGER, "disk", f"Overwrites the device {targets[0]}.")
    if name == "shred":
        return Remark(Severity.WARNING, "delete", "Overwrites files so that they cannot be restored.")
    if (name == "vssadmin" and command.has("delete")) or (name == "wbadmin" and command.has("delete")):
        return Remark(Severity.DANGER, "backup", "Deletes restore points or backups.")
    return None


_POWER = frozenset({"reboot", "poweroff", "halt", "restart-computer", "stop-computer"})


def _restarts(command: Command) -> Remark | None:
    name, words = command.name, [word.lower() for word in command.words]
    restarts = (
        name in _POWER
        or (name in ("init", "telinit") and bool({"0", "6"} & set(words)))
        or (name == "systemctl" and bool({"reboot", "poweroff", "halt", "kexec", "suspend"} & set(words)))
        or (name == "shutdown" and _shuts_down(words))
        or name == "os.reboot"
    )
    if not restarts:
        return None
    text = "Restarts or shuts down the device: the run ends there. Better end with 3010 (Windows) or 194."
    return Remark(Severity.WARNING, "restart", text)


def _shuts_down(words: list[str]) -> bool:
    """`shutdown` of Windows needs a word for it; that of Linux shuts down unless it is told not to."""
    options = {word[1:] for word in words if word[:1] in ("/", "-")}
    # With a restart, `c` is what to tell people; alone it calls one off.
    if options & {"a", "l", "?", "help", "k"} or ("c" in options and not options & {"r", "s", "g", "p", "h"}):
        return False
    return bool(words)


_GUARDS = re.compile(
    r"(?:firewalld|ufw|apparmor|auditd|falcon-sensor|mdatp|clamav\S*|windefend|mpssvc|sense|wuauserv|eventlog)(?:\.service)?",
    re.IGNORECASE,
)


def _weakens(command: Command) -> Remark | None:
    what = _weakened(command)
    return Remark(Severity.WARNING, "security", what) if what else None


def _weakened(command: Command) -> str:
    name, text = command.name, command.raw.lower()
    if name == "setenforce" and command.has("0", "permissive"):
        return "Turns SELinux off until the next restart."
    if (name == "ufw" and command.has("disable")) or (
        name == "netsh" and "firewall" in text and command.has("off")
    ):
        return "Turns the firewall off."
    if (name == "iptables" and command.flag("F", "--flush")) or (name == "nft" and command.has("flush")):
        return "Removes the rules of the firewall."
    if name == "set-netfirewallprofile" and re.search(r"-enabled[ :]+(?:\$?false|0)", text):
        return "Turns the firewall off."
    if name in ("set-mppreference", "add-mppreference") and re.search(
        r"-disable\w+[ :]+(?:\$true|1)|-exclusion", text
    ):
        return "Weakens the protection against malware."
    if name in ("systemctl", "service", "sc", "net", "stop-service", "set-service", "rc-service"):
        return _stopped_guard(command)
    if name == "chmod" and any(re.fullmatch(r"0?777|a\+rwx|o\+w|a\+w", word) for word in command.words):
        return "Lets everybody write there (chmod)."
    if name == "reg" and re.search(r"enablelua|disableantispyware|disablerealtimemonitoring", text):
        return "Changes a protection of Windows in the registry."
    if name in ("set-itemproperty", "new-itemproperty") and re.search(r"enablelua|disableantispyware", text):
        return "Changes a protection of Windows in the registry."
    if name == "set-executionpolicy" and command.has("unrestricted", "bypass") and not command.has("process"):
        return "Lets the machine run scripts from anywhere, for good."
    return _unverified(command)


def _stopped_guard(command: Command) -> str:
    stops = command.has("stop", "disable", "mask", "delete", "disabled") or command.name == "stop-service"
    guard = next((word for word in command.words if _GUARDS.fullmatch(word)), "")
    return f"Stops {guard}, which protects or watches over the machine." if stops and guard else ""


def _unverified(command: Command) -> str:
    loose = (
        (command.name == "curl" and command.flag("k", "--insecure"))
        or (command.name == "wget" and command.has("--no-check-certificate"))
        or _parameter(command, "-skipcertificatecheck")
        or any(re.fullmatch(r"verify\s*=\s*False", word) for word in command.words)
        or command.name in ("ssl._create_unverified_context", "_create_unverified_context")
    )
    return "Takes files from whoever answers: the certificate is not checked." if loose else ""


def _runs_download(command: Command) -> Remark | None:
    fetched = _FETCHERS & set(command.before)
    inside = _FETCH_INSIDE.search(command.raw)
    runs = command.name in _READERS or command.name in ("exec",)
    if not runs or not (fetched or inside):
        return None
    return Remark(Severity.DANGER, "download", "Runs what it downloads, whatever that is by then.")


_EVALUATES = frozenset({"eval", "iex", "invoke-expression", "exec", "builtins.eval", "builtins.exec"})


def _pastes(command: Command) -> Remark | None:
    if command.name not in _EVALUATES or not command.words:
        return None
    if "df_" in command.raw.lower():
        text = "Runs the value of a parameter as code: whoever gives it can do anything. Use it as a value."
        return Remark(Severity.DANGER, "eval", text)
    literal = command.words[0][:1] in "\"'" and not re.match(r"f['\"]", command.words[0])
    if (
        command.name in ("eval", "exec", "builtins.eval", "builtins.exec")
        and literal
        and len(command.words) == 1
    ):
        return None
    if not _DYNAMIC.search(command.raw) and command.name in ("iex", "invoke-expression"):
        return None
    return Remark(Severity.WARNING, "eval", "Runs text as code: make sure that no parameter can get into it.")


def _pastes_into_shell(command: Command) -> Remark | None:
    name, raw = command.name, command.raw
    to_shell = name in ("sh", "bash", "cmd", "powershell", "pwsh") and command.has(
        "-c", "/c", "-command", "/k"
    )
    python_shell = name.rsplit(".", 1)[-1] in ("system", "popen", "getoutput") or "shell=True" in raw.replace(
        " ", ""
    )
    if to_shell and re.search(r"\$\{?(?:env:)?DF_|%DF_", raw, re.IGNORECASE):
        text = "Pastes a parameter into the text of a command: its quotes and ; would be read as commands."
        return Remark(Severity.DANGER, "eval", text)
    if (
        python_shell
        and command.words
        and re.search(r"^f['\"].*\{|['\"]\s*[+%]\s*\w|\.format\(", command.words[0])
    ):
        text = "Pastes values into the text of a command. Give the command as a list of words instead."
        return Remark(Severity.WARNING, "eval", text)
    return None


RULES: tuple[Rule, ...] = (
    _deletes_tree,
    _wipes_disk,
    _restarts,
    _weakens,
    _runs_download,
    _pastes,
    _pastes_into_shell,
)
