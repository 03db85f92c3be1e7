"""What the roles that come with the product may do."""

from __future__ import annotations

from backend_lite.contract.rights import ALL_PERMISSIONS, ARTIFACTS, VERBS

OWNER = "owner"

_WORK = (
    "devices",
    "groups",
    "scripts",
    "software",
    "os_images",
    "profiles",
    "templates",
    "rollouts",
    "enrollment",
)
_SEEN_BY_ALL = (*_WORK, "system")


def _all(*artifacts: str) -> frozenset[str]:
    return frozenset(f"{artifact}:{verb}" for artifact in artifacts for verb in VERBS)


def _view(*artifacts: str) -> frozenset[str]:
    return frozenset(f"{artifact}:view" for artifact in artifacts)


BUILT_IN: dict[str, tuple[str, frozenset[str]]] = {
    OWNER: ("Everything, the others' rights included.", ALL_PERMISSIONS),
    "operator": (
        "Runs the fleet: devices, library, plans, rollouts, enrollment. No users, settings or backups.",
        _all(*_WORK) - {"rollouts:approve"} | _view("system", "settings"),
    ),
    "helpdesk": (
        "Sees the fleet and runs what is in the library; changes nothing there.",
        _view(*_SEEN_BY_ALL) | {"rollouts:run", "rollouts:create", "devices:run", "devices:edit"},
    ),
    "read_only": ("Sees the fleet, the library and what ran.", _view(*_SEEN_BY_ALL)),
    "auditor": ("Sees everything, the audit and everybody's rights included.", _view(*ARTIFACTS)),
}
"""By the key of the role: what it is for, and what it grants. Not in the database: it grows with the
product."""


def grants_of(built_in: str | None, stored: list[str]) -> frozenset[str]:
    """What a role grants; a right that the product no longer knows grants nothing."""
    if built_in is not None and built_in in BUILT_IN:
        return BUILT_IN[built_in][1]
    return frozenset(stored) & ALL_PERMISSIONS
