"""How rights are called."""

from __future__ import annotations

from console.core.texts import tr


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


def right_name(permission: str) -> str:
    """As the table of a role's rights calls it."""
    artifact, _, verb = permission.partition(":")
    return f"{artifact_name(artifact)}: {verb_name(verb)}"


def missing(permission: str) -> str:
    return tr("You do not have the right “{right}”.", right=right_name(permission))


def second_factor_due() -> str:
    return tr("Everybody needs a second factor here. Set up yours under My account, and this opens.")


def limited(permission: str) -> str:
    return tr(
        "You have the right “{right}” for the devices of some groups only.", right=right_name(permission)
    )
