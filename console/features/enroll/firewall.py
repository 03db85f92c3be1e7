"""What has to be pasted once on the service's machine so that devices get through its firewall."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from console.core.texts import tr

RULE = "DeployFlow agents"


@dataclass(frozen=True)
class FirewallHint:
    """`command` is one line for an administrator's shell of `system`."""

    system: str
    command: str


def hints(port: int, platform: str = sys.platform) -> list[FirewallHint]:
    """The ways to open `port` on a machine of `platform`, the usual one first."""
    if platform == "win32":
        return [
            FirewallHint(
                tr("PowerShell as administrator"),
                f'New-NetFirewallRule -DisplayName "{RULE}" -Direction Inbound -Protocol TCP '
                f"-LocalPort {port} -Action Allow -Profile Domain,Private",
            ),
            FirewallHint(
                tr("Command prompt as administrator"),
                f'netsh advfirewall firewall add rule name="{RULE}" dir=in action=allow '
                f"protocol=TCP localport={port} profile=domain,private",
            ),
        ]
    return [
        FirewallHint("ufw (Ubuntu, Debian)", f"sudo ufw allow {port}/tcp comment '{RULE}'"),
        FirewallHint(
            "firewalld (RHEL, Fedora, SUSE)",
            f"sudo firewall-cmd --permanent --add-port={port}/tcp && sudo firewall-cmd --reload",
        ),
    ]
