"""The command that a person pastes on a new device. The token goes in by stdin: never an argument."""

from __future__ import annotations

import shlex
import sys

from console.core.local_agent import Invitation

LINUX_DATA = "/var/lib/deployflow-agent"
WINDOWS_DATA = r"C:\ProgramData\DeployFlow\agent"


def agent_program(windows: bool, frozen: bool | None = None) -> str:
    """The agent as its user calls it: by name where it is installed, as a module in a checkout."""
    if getattr(sys, "frozen", False) if frozen is None else frozen:
        return "deployflow-agent"
    return "python -m agent" if windows else "python3 -m agent"


def linux_command(invitation: Invitation, program: str) -> str:
    """For a root shell."""
    token, url, pin = (shlex.quote(text) for text in (invitation.token, invitation.url, invitation.pin))
    return (
        f"printf '%s' {token} |\n"
        f"{program} run --data-dir {LINUX_DATA} \\\n"
        f"  --server {url} \\\n"
        f"  --pin {pin} \\\n"
        f"  --token-file -"
    )


def windows_command(invitation: Invitation, program: str) -> str:
    """For an administrator's PowerShell: one quoted form, in which only the quote itself is special."""
    token, url, pin = (_powershell(text) for text in (invitation.token, invitation.url, invitation.pin))
    return (
        f"{token} |\n"
        f"{program} run --data-dir {_powershell(WINDOWS_DATA)} `\n"
        f"  --server {url} `\n"
        f"  --pin {pin} `\n"
        f"  --token-file -"
    )


def _powershell(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
