"""Who is calling, and what they may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

AGENT_REPORT = "agent:report"
"""What the secret of a device opens, and nothing else does."""

Groups = frozenset[int] | None
"""Those in whose devices a right holds; None: everywhere, empty: nowhere."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A signed-in caller. `permissions` are `artifact:verb` that hold everywhere, `limited` those that hold
    only on the devices of groups (their ids); none is in both. `token_id` is the row of its token. A device
    has no user (`user_id` 0), and `device_id` is set. `session`: a person signed in, no token of theirs;
    `fresh`: with the password, or once more with it, less than STEP_UP_S ago. `elsewhere` is what a token
    that opens only routes of its own is told at any other. `token_name` is what the API token of a program is
    called, empty for everybody else. `lacks_factor`: a person who has no rights before they have set up a
    second factor, which everybody needs."""

    user_id: int
    name: str
    token_id: int
    expires_at_ms: int
    permissions: frozenset[str] = field(default_factory=frozenset)
    limited: Mapping[str, frozenset[int]] = field(default_factory=dict, hash=False)
    device_id: int | None = None
    session: bool = False
    fresh: bool = False
    elsewhere: str = ""
    token_name: str = ""
    lacks_factor: bool = False

    def may(self, permission: str) -> bool:
        """Everywhere."""
        return permission in self.permissions

    def may_somewhere(self, permission: str) -> bool:
        return permission in self.permissions or permission in self.limited

    def groups_for(self, permission: str) -> Groups:
        return None if permission in self.permissions else self.limited.get(permission, frozenset())


class Authenticator(Protocol):
    """The port through which core learns who a bearer token belongs to; the access area fills it."""

    async def authenticate(self, token: str, *, used: bool = True) -> Principal | None:
        """The caller, or None for a token that is unknown, expired, idle too long, ended or disabled.

        `used` False looks without counting as a use: a connection that stays open is nobody at work.
        """
