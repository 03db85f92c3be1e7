"""What the roles that come with the product may do, and what roles add up to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from backend_lite.contract.rights import ALL_PERMISSIONS, ARTIFACTS, DEVICE_BOUND, VERBS
from backend_lite.core.security.principal import Groups, Principal

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


@dataclass(frozen=True, slots=True)
class Held:
    """Rights: those that hold everywhere, and those that hold on the devices of groups only. None is in
    both."""

    everywhere: frozenset[str] = frozenset()
    limited: Mapping[str, frozenset[int]] = field(default_factory=dict, hash=False)

    def only(self, scope: Collection[str]) -> Held:
        """No more than `scope` of them."""
        some = {permission: groups for permission, groups in self.limited.items() if permission in scope}
        return Held(self.everywhere.intersection(scope), some)

    def groups_for(self, permission: str) -> Groups:
        return None if permission in self.everywhere else self.limited.get(permission, frozenset())

    def beyond(self, holder: Principal) -> list[str]:
        """The rights that go further than the holder's own."""
        more = {permission for permission in self.everywhere if not holder.may(permission)}
        for permission, groups in self.limited.items():
            own = holder.groups_for(permission)
            if own is not None and not groups <= own:
                more.add(permission)
        return sorted(more)


def granted(built_in: str | None, stored: list[str], groups: Collection[int]) -> Held:
    """By one role."""
    permissions = grants_of(built_in, stored)
    if not groups:
        return Held(permissions)
    bound = frozenset(one for one in permissions if one.partition(":")[0] in DEVICE_BOUND)
    return Held(permissions - bound, dict.fromkeys(bound, frozenset(groups)))


def together(roles: Iterable[Held]) -> Held:
    """What several roles grant to one person."""
    everywhere: set[str] = set()
    limited: defaultdict[str, frozenset[int]] = defaultdict(frozenset)
    for held in roles:
        everywhere |= held.everywhere
        for permission, groups in held.limited.items():
            limited[permission] |= groups
    return Held(
        frozenset(everywhere), {one: groups for one, groups in limited.items() if one not in everywhere}
    )


def grants_of(built_in: str | None, stored: list[str]) -> frozenset[str]:
    """What a role grants; a right that the product no longer knows grants nothing."""
    if built_in is not None and built_in in BUILT_IN:
        return BUILT_IN[built_in][1]
    return frozenset(stored) & ALL_PERMISSIONS
