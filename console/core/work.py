"""What can be done on devices: scripts and software items, as boxes, tasks and dialogs name them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from backend_lite.contract.library import Language
from backend_lite.contract.live import SCRIPT, SOFTWARE
from backend_lite.contract.runs import TaskAction
from backend_lite.contract.software import InstallerType
from console.core import words
from console.core.texts import tr

Object = dict[str, Any]
Find = Callable[[str, int], Object | None]
"""The newest state of a live object: kind and id."""

_ACTIONS = {
    TaskAction.RUN: "Run",
    TaskAction.UNDO: "Undo",
    TaskAction.DETECT: "Detect only",
    TaskAction.INSTALL: "Install",
    TaskAction.UNINSTALL: "Uninstall",
}
_INSTALLERS = {
    InstallerType.MSI: "MSI",
    InstallerType.EXE: "EXE",
    InstallerType.WINGET: "winget",
    InstallerType.CHOCO: "Chocolatey",
    InstallerType.APT: "apt",
    InstallerType.DNF: "dnf",
    InstallerType.SCRIPT: "Script",
    InstallerType.CUSTOM: "Command",
}


class Work(NamedTuple):
    """`kind` is the live kind SCRIPT or SOFTWARE."""

    kind: str
    id: int

    @property
    def is_script(self) -> bool:
        return self.kind == SCRIPT


def work_of(script_id: int | None, software_id: int | None) -> Work | None:
    if script_id is not None:
        return Work(SCRIPT, script_id)
    return None if software_id is None else Work(SOFTWARE, software_id)


def action_word(action: str) -> str:
    return tr(_ACTIONS[TaskAction(action)])


def usual_action(work: Work | None) -> TaskAction:
    """What is done where nothing else is said."""
    return TaskAction.INSTALL if work is not None and not work.is_script else TaskAction.RUN


def actions_of(work: Work, found: Object | None) -> list[TaskAction]:
    """What can be done with it; of one that is not known, everything that its kind could offer."""
    if not work.is_script:
        return [TaskAction.INSTALL, TaskAction.UNINSTALL]
    optional = [(TaskAction.UNDO, "undo"), (TaskAction.DETECT, "detect")]
    return [TaskAction.RUN, *(action for action, key in optional if found is None or found.get(key))]


def about(work: Work, found: Object, language: str = "") -> str:
    """`PowerShell · Windows · What it is for`."""
    first = words.language_word(language or found["language"]) if work.is_script else installer_word(found)
    parts = (first, words.system_word(found.get("target_os_type")), found.get("description") or "")
    return " · ".join(part for part in parts if part)


def installer_word(software: Object) -> str:
    return tr(_INSTALLERS[InstallerType(software["installer_type"])])


def title_of(kind: str, found: Object) -> str:
    """The name; of software with its version."""
    version = found.get("version_text") if kind == SOFTWARE else ""
    return f"{found['name']} {version}" if version else str(found["name"])


def language_of(work: Work, found: Object | None) -> str:
    return str((found or {}).get("language") or "") if work.is_script else ""


_ACTION_TYPES = {
    Language.POWERSHELL: ("powershell_script", "powershell_inline"),
    Language.BASH: ("bash",),
    Language.SH: ("sh",),
    Language.CMD: ("cmd",),
    Language.PYTHON: ("python",),
}


def action_type(work: Work | None, found: Object | None, action: TaskAction, before: str) -> str:
    """The documented type of a task; what it was `before` stays where it still fits."""
    if work is None or found is None:
        return before
    if not work.is_script:
        return "uninstall_software" if action is TaskAction.UNINSTALL else "install_software"
    fitting = _ACTION_TYPES.get(Language(found["language"]), (before,))
    return before if before in fitting else fitting[0]
