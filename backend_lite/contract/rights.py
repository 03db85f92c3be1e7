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

ALL_PERMISSIONS = frozenset(f"{artifact}:{verb}" for artifact in ARTIFACTS for verb in VERBS)
