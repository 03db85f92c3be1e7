"""The person at the machine, as far as a step that runs as that person needs to know.

Imported by the runner, so it holds only words.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypedDict

    class Person(TypedDict):
        """Somebody who is signed in. Linux and macOS: `uid`, `gid`, `groups` and what the environment of
        their own programs says. Windows: the `session` to take the token from and the `sid` for access."""

        name: str
        uid: int
        gid: int
        groups: list[int]
        environment: dict[str, str]
        session: int
        sid: str
