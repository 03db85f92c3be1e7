"""The command that a person pastes on a new device. The token goes in by stdin: never an argument."""

from __future__ import annotations

import shlex
import sys

from console.core.local_agent import Invitation

LINUX_DATA = "/var/lib/deployflow-agent"
WINDOWS_DATA = r"C:\ProgramData\DeployFlow\agent"


def is_installed() -> bool:
    """True in the packaged program; False in a checkout, where devices run the agent from one too."""
    return bool(getattr(sys, "frozen", False))


def agent_program(windows: bool, installed: bool) -> str:
    """The agent as its user calls it: by name, or in the environment that `dev.py setup` makes."""
    if installed:
        return "deployflow-agent"
    return r".venv\Scripts\python -m agent" if windows else ".venv/bin/python -m agent"


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
