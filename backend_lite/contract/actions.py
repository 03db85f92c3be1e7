"""Steps in the words of the documented device actions."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from agent.wire.states import StepState
from backend_lite.contract.common import Time
from backend_lite.contract.library import Language


class ActionType(StrEnum):
    """Types of the documented actions; `powershell_inline` and `powershell_script` are one language."""

    POWERSHELL_INLINE = "powershell_inline"
    POWERSHELL_SCRIPT = "powershell_script"
    BASH = "bash"
    SH = "sh"
    CMD = "cmd"
    PYTHON = "python"
    INSTALL_SOFTWARE = "install_software"
    UNINSTALL_SOFTWARE = "uninstall_software"
    INVENTORY = "inventory"
    REBOOT = "reboot"
    AGENT_UNINSTALL = "agent_uninstall"


LANGUAGE_OF: dict[ActionType, Language] = {
    ActionType.POWERSHELL_INLINE: Language.POWERSHELL,
    ActionType.POWERSHELL_SCRIPT: Language.POWERSHELL,
    ActionType.BASH: Language.BASH,
    ActionType.SH: Language.SH,
    ActionType.CMD: Language.CMD,
    ActionType.PYTHON: Language.PYTHON,
}
"""Of the types that run a script."""


def language_mismatch(script: Language, action: Language) -> str:
    """The documented sentence, and both sides."""
    kind = "PowerShell" if action is Language.POWERSHELL else action.value
    return f"Script language mismatch for {kind} action: script {script.value}, action {action.value}"


def known_type(text: str) -> ActionType | None:
    """None for a type that there is not."""
    return ActionType(text) if text in set(ActionType) else None


class ActionCreate(Struct):
    """`payload` is a text that is not in the library: that needs `scripts:create`, too, and `agent_uninstall`
    needs `devices:delete`. `confirmed_devices` as in RolloutCreate: 1, where the settings ask for it before
    dangerous scripts."""

    type: str
    payload: str | None = None
    script_id: int | None = None
    software_id: int | None = None
    confirmed_devices: int | None = None


class Action(Struct):
    """A step in the words of the documented API. `logs` is UTF-8 text, head and tail up to 1 MiB."""

    id: int
    device_id: int
    type: str
    status: str
    payload: str | None
    script_id: int | None
    logs: str | None
    exit_code: int | None
    state: StepState
    reason: str
    logs_truncated: bool
    logs_url: str
    created_at: Time
    updated_at: Time
    completed_at: Time | None
