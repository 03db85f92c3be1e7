"""How good a new password is, while it is being typed."""

from __future__ import annotations

from dataclasses import dataclass

from backend_lite.contract.access import MIN_PASSWORD
from console.core.texts import plural, tr


@dataclass(frozen=True)
class Verdict:
    """`sentence` says what is missing, or how good it is; `share` fills the bar, `tone` colours it."""

    ok: bool
    sentence: str
    share: float
    tone: str


def judge(password: str, again: str, username: str) -> Verdict:
    """The service has the last word: this only spares the way there."""
    missing = MIN_PASSWORD - len(password)
    if not password:
        return Verdict(
            False,
            plural(MIN_PASSWORD, "At least {count} character.", "At least {count} characters."),
            0,
            "idle",
        )
    if missing > 0:
        sentence = plural(missing, "{count} more character.", "{count} more characters.")
        return Verdict(False, sentence, len(password) / MIN_PASSWORD / 2, "warning")
    if len(set(password)) < 5 or (username and username.casefold() in password.casefold()):
        return Verdict(False, tr("Too easy to guess: four unrelated words are better."), 0.4, "bad")
    if password != again:
        different = again and not password.startswith(again)
        sentence = tr("The two are not the same.") if different else tr("Now the same once more.")
        return Verdict(False, sentence, 0.6, "bad" if different else "idle")
    if len(password) >= MIN_PASSWORD + 6:
        return Verdict(True, tr("Strong."), 1.0, "good")
    return Verdict(True, tr("Good enough. Longer is better."), 0.75, "good")
