"""Rights: a verb on a kind of things, written `artifact:verb`."""

from __future__ import annotations

VERBS = ("view", "create", "edit", "delete", "run", "approve")
ARTIFACTS = (
    "devices",
    "groups",
    "scripts",
    "software",
    "os_images",
    "profiles",
    "templates",
    "rollouts",
    "enrollment",
    "users",
    "roles",
    "tokens",
    "audit",
    "backups",
    "settings",
    "system",
)

DEVICE_BOUND = ("devices", "groups", "rollouts", "enrollment")
"""Rights on these hold on the devices of a role's groups only, where the role names groups; rights on others
hold everywhere."""

ALL_PERMISSIONS = frozenset(f"{artifact}:{verb}" for artifact in ARTIFACTS for verb in VERBS)
