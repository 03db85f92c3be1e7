"""How rights, roles and tokens are called."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from backend_lite.contract.accounts import Grant
from backend_lite.contract.rights import ALL_PERMISSIONS, ARTIFACTS, VERBS
from console.core import formatting
from console.core.texts import plural, tr
from console.widgets.table_columns import Pill

Object = dict[str, Any]


def artifact_name(artifact: str) -> str:
    named = {
        "os_images": tr("System images"),
        "enrollment": tr("Enrollment"),
        "tokens": tr("API tokens"),
        "audit": tr("Audit"),
        "system": tr("This service"),
        "software": tr("Software"),
    }
    return named.get(artifact, artifact.replace("_", " ").capitalize())


def verb_name(verb: str) -> str:
    named = {
        "view": tr("View"),
        "create": tr("Create"),
        "edit": tr("Edit"),
        "delete": tr("Delete"),
        "run": tr("Run"),
        "approve": tr("Approve"),
    }
    return named.get(verb, verb)


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
        return plural(len(permissions), "Views {count} kind of things", "Views {count} kinds of things")
    artifacts = {one.partition(":")[0] for one in permissions}
    return tr("{rights} rights on {kinds} kinds of things", rights=len(permissions), kinds=len(artifacts))


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
