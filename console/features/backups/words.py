"""What is said about backups, without Qt."""

from __future__ import annotations

import re
import shlex
import sys
from datetime import datetime, timedelta
from typing import Any

from backend_lite.contract.backups import MIN_PASSPHRASE, NIGHTLY, STALE_DAYS
from console.core import formatting
from console.core.texts import plural, tr

Object = dict[str, Any]
_AT = re.compile(r"(\d{1,2})(?::|\.)?(\d{2})?")
_GOOD_WORDS = 5
_GOOD_LENGTH = 24


def state_word(backup: Object) -> tuple[str, str]:
    if backup["problem"]:
        return tr("Damaged"), "bad"
    if backup["verified_at"] is None:
        return tr("Not verified"), "warning"
    return tr("Whole"), "good"


def reason_word(backup: Object) -> str:
    reason = str(backup["reason"])
    return tr("Every night") if reason == NIGHTLY else reason


def work_sentence(state: Object) -> str:
    """What is being done now; empty while nothing is."""
    doing, done, total = state["doing"], int(state["done"]), int(state["total"])
    if not doing:
        return ""
    if total:
        return tr("Verifying: {size}", size=formatting.size_of(done, total))
    if doing == "verify":
        return tr("Verifying…")
    return tr("Copying…")


def worry(state: Object | None, now: datetime) -> tuple[str, str] | None:
    """What a person should know before anything is lost."""
    if state is None:
        return None
    if state["problem"]:
        return tr("The last backup failed. {why}", why=state["problem"]), "bad"
    last = state["last_good_at"]
    if last is None:
        return tr("There is no good backup yet. If this PC is lost, so is everything in it."), "warning"
    age = now - formatting.moment(last)
    if age > timedelta(days=STALE_DAYS):
        text = plural(
            age.days, "The last good backup is {count} day old.", "The last good backup is {count} days old."
        )
        return text, "warning"
    return None


def restore_command(data_folder: str, backup: str) -> str:
    """To be typed on the machine of the service, once that is stopped. Without a backup it says where to put
    one."""
    program = "deployflow-service" if getattr(sys, "frozen", False) else "python -m backend_lite"
    source = _quoted(backup, data_folder) if backup else "BACKUP"
    return f"{program} restore --data-dir {_quoted(data_folder, data_folder)} --from {source}"


def kit_command() -> str:
    program = "deployflow-service" if getattr(sys, "frozen", False) else "python -m backend_lite"
    return f"{program} restore --data-dir FOLDER --kit FILE --key-file FILE"


def parse_at(text: str) -> str | None:
    """`HH:MM` of `2`, `2:30` or `02:30`; None where it is no time of day."""
    found = _AT.fullmatch(text.strip())
    if found is None:
        return None
    hour, minute = int(found[1]), int(found[2] or 0)
    return f"{hour:02d}:{minute:02d}" if hour < 24 and minute < 60 else None


def strength(passphrase: str) -> tuple[str, str]:
    """How long a passphrase would hold; the first sentence says what is missing."""
    if not passphrase:
        return tr("Five or more unrelated words. Nobody can open the kit without them."), "idle"
    if len(passphrase) < MIN_PASSPHRASE:
        more = MIN_PASSPHRASE - len(passphrase)
        return plural(more, "{count} more character at least.", "{count} more characters at least."), "bad"
    if len(set(passphrase)) < 6:
        return tr("It repeats itself: choose another."), "bad"
    if len(passphrase.split()) >= _GOOD_WORDS or len(passphrase) >= _GOOD_LENGTH:
        return tr("Strong."), "good"
    return tr("Good enough; another word makes it strong."), "warning"


def _quoted(path: str, of: str) -> str:
    """For the shell of the machine whose paths look like `of`."""
    if of[1:3] == ":\\" or of.startswith("\\\\"):
        return f'"{path}"'
    return shlex.quote(path)
