"""How rights, roles and tokens are called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from backend_lite.contract.accounts import Grant
from backend_lite.contract.live import GROUP
from backend_lite.contract.rights import ALL_PERMISSIONS, ARTIFACTS, DEVICE_BOUND, VERBS
from console.core import formatting
from console.core.live import LiveStore
from console.core.right_words import artifact_name
from console.core.texts import plural, tr
from console.widgets.table_columns import Pill

Object = dict[str, Any]
_NAMED = 3


def permissions_of(grants: Iterable[Object]) -> frozenset[str]:
    return frozenset(f"{grant['artifact']}:{verb}" for grant in grants for verb in grant["verbs"])


def grants_of(permissions: Iterable[str]) -> list[Grant]:
    held = set(permissions)
    verbs = {artifact: [verb for verb in VERBS if f"{artifact}:{verb}" in held] for artifact in ARTIFACTS}
    return [Grant(artifact, some) for artifact, some in verbs.items() if some]


def rights_in_words(permissions: frozenset[str]) -> str:
    if permissions >= ALL_PERMISSIONS:
        return tr("Everything")
    if not permissions:
        return tr("Nothing")
    if all(one.endswith(":view") for one in permissions):
        return _sees(permissions)
    artifacts = {one.partition(":")[0] for one in permissions}
    return tr("{rights} rights on {kinds} kinds of things", rights=len(permissions), kinds=len(artifacts))


def _sees(permissions: frozenset[str]) -> str:
    """A few kinds by name."""
    names = [artifact_name(one).lower() for one in ARTIFACTS if f"{one}:view" in permissions]
    if len(names) > _NAMED:
        return tr("Sees {count} kinds of things", count=len(names))
    return tr("Sees {names}", names=", ".join(names))


def named_groups(live: LiveStore) -> dict[int, str]:
    """The groups to which a role can be limited: a query could be met by other devices tomorrow."""
    groups = live.kind(GROUP).items()
    return {key: str(group["name"]) for key, group in groups if group.get("query") is None}


def limit_sentence() -> str:
    """What the groups of a role limit."""
    *most, last = (artifact_name(artifact).lower() for artifact in DEVICE_BOUND)
    return tr(
        "This limits the rights on {most} and {last}; all others hold everywhere.",
        most=", ".join(most),
        last=last,
    )


def where_in_words(group_ids: Iterable[int], names: Mapping[int, str]) -> str:
    """Where a role holds."""
    groups = sorted(names.get(one, tr("group {id}", id=one)) for one in group_ids)
    return tr("Devices of {groups}", groups=", ".join(groups)) if groups else tr("Everywhere")


def reach_in_words(roles: Iterable[Object], names: Mapping[int, str]) -> str:
    """What several roles come to for one person."""
    everywhere: set[str] = set()
    limited: dict[str, set[int]] = {}
    for role in roles:
        for one in permissions_of(role["grants"]):
            if role["groups"] and one.partition(":")[0] in DEVICE_BOUND:
                limited.setdefault(one, set()).update(role["groups"])
            else:
                everywhere.add(one)
    more = [groups for one, groups in limited.items() if one not in everywhere]
    said = rights_in_words(frozenset(everywhere))
    if not more:
        return said
    where = sorted(names.get(one, tr("group {id}", id=one)) for one in set().union(*more))
    few = plural(len(more), "{count} right", "{count} rights")
    only = tr("{rights} on devices of {groups} only", rights=few, groups=", ".join(where))
    return f"{said}; {only}" if everywhere else only


def token_kind(token: Object) -> str:
    named = {"api": tr("API"), "sdk": tr("SDK"), "service": tr("Service")}
    return named.get(token["kind"], str(token["kind"]))


def token_ended(token: Object, now: datetime) -> bool:
    return token_state(token, now).tone != "good"


def token_state(token: Object, now: datetime) -> Pill:
    if token["revoked_at"] is not None:
        return Pill(tr("Revoked"), "idle")
    if token["expires_at"] is not None and formatting.moment(token["expires_at"]) <= now:
        return Pill(tr("Expired"), "idle")
    return Pill(tr("Usable"), "good")


def user_state(user: Object) -> Pill:
    return Pill(tr("Active"), "good") if user["is_active"] else Pill(tr("Disabled"), "idle")
