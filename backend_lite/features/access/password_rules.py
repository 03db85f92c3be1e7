"""Which passwords are refused: short ones, and those that are tried first by everybody."""

from __future__ import annotations

from backend_lite.contract.access import MIN_PASSWORD
from backend_lite.errors import InvalidError

_FEWEST_DIFFERENT = 5

_TRIED_FIRST = """
admin administrator changeme changemenow default demo deployflow enterprise football guest hello iloveyou
letmein login manager master minecraft monkey operator p@ssw0rd pa55word passphrase passw0rd password passwort
princess qwerty qwertyuiop qwertz qwertzuiop root secret security server service sunshine superman superuser
support supervisor system test trustno welcome windows asdfghjkl zxcvbnm abcdefghijkl abcdefghijklmnop
1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx 1qaz2wsx3edc q1w2e3r4t5y6
"""
_WORDS = frozenset(_TRIED_FIRST.split())
_EDGES = "0123456789!?.,:;#$%&*+-_=@/\\()[]<> "


def check_new_password(password: str, username: str) -> None:
    """Raises InvalidError with the sentence why `password` will not do."""
    if len(password) < MIN_PASSWORD:
        raise InvalidError(
            f"The password has {len(password)} characters; it needs at least {MIN_PASSWORD}.",
            code="weak_password",
        )
    if _is_well_known(password.casefold(), username.casefold()):
        raise InvalidError(
            "This password is among the first that are tried. Choose another, such as four unrelated words.",
            code="weak_password",
        )


def _is_well_known(password: str, username: str) -> bool:
    bare = password.strip(_EDGES)
    if len(set(password)) < _FEWEST_DIFFERENT or not bare:
        return True
    return any(_unit(text).strip(_EDGES) in _WORDS | {username} for text in (password, bare))


def _unit(text: str) -> str:
    """What `text` repeats (`abcabc` -> `abc`), or the text itself."""
    return text[: (text + text).find(text, 1)]
