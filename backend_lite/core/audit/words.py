"""What the last part of an action says to a person, and the words for what it was done to."""

from __future__ import annotations

from backend_lite.contract.audit import ActionType

VERBS = {
    "create": (ActionType.CREATE, "made"),
    "duplicate": (ActionType.CREATE, "made a copy:"),
    "upload": (ActionType.CREATE, "brought"),
    "update": (ActionType.UPDATE, "changed"),
    "rename": (ActionType.UPDATE, "renamed"),
    "move": (ActionType.UPDATE, "moved"),
    "members": (ActionType.UPDATE, "changed the members of"),
    "merge": (ActionType.UPDATE, "merged"),
    "keep_apart": (ActionType.UPDATE, "kept apart"),
    "delete": (ActionType.DELETE, "deleted"),
    "retire": (ActionType.DELETE, "removed"),
    "forget": (ActionType.DELETE, "had all forgotten of"),
    "revoke": (ActionType.DELETE, "revoked"),
    "end": (ActionType.DELETE, "ended"),
    "approve": (ActionType.APPROVE, "approved"),
    "refuse": (ActionType.APPROVE, "refused"),
    "withdraw": (ActionType.UPDATE, "withdrew"),
    "expire": (ActionType.SYSTEM, "timed out"),
    "request": (ActionType.RUN, "asked for"),
    "start": (ActionType.RUN, "started"),
    "cancel": (ActionType.RUN, "cancelled"),
    "halt": (ActionType.RUN, "halted"),
    "resume": (ActionType.RUN, "resumed"),
}
"""By the last part of an action, such as `update` of `scripts.update`."""

_NOUNS = {
    "os_image": "OS image",
    "software": "software item",
    "agent_endpoint": "address for agents",
    "boot_endpoint": "boot listener",
    "retention": "rules of retention",
}


def sentence(who: str, verb: str, kind: str, name: str) -> str:
    """Such as: ada changed the script "Clean up"."""
    noun = _NOUNS.get(kind, kind.replace("_", " "))
    return f'{who} {verb} the {noun} "{name}".' if name else f"{who} {verb} the {noun}."
