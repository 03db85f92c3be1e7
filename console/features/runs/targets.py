"""Whether a script can run on a device, said before anything is started."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from backend_lite.contract.fleet import Admission
from backend_lite.contract.library import os_matches
from console.core import words
from console.core.texts import plural, tr

Object = dict[str, Any]
_NAMED = 4


def problem(script: Object | None, device: Object) -> str:
    """Why the service would refuse it, in some words; empty when it would not."""
    if device.get("admission") != Admission.APPROVED:
        return tr("not approved")
    if script is None:
        return ""
    target, own = script.get("target_os_type"), device.get("os_type")
    if not os_matches(target, own):
        return tr(
            "script is for {target}, device is {own}",
            target=words.system_word(target),
            own=words.system_word(own),
        )
    return ""


def missing_language(script: Object | None, device: Object) -> str:
    """The language that the device did not report; empty when it did, or reported none at all."""
    languages = (device.get("facts") or {}).get("languages")
    if script is None or not languages or script["language"] in languages:
        return ""
    return words.language_word(script["language"])


@dataclass
class Outlook:
    """What will happen on the chosen devices."""

    ready: list[Object] = field(default_factory=list)
    away: list[Object] = field(default_factory=list)
    without_language: list[Object] = field(default_factory=list)
    impossible: list[Object] = field(default_factory=list)

    @property
    def total(self) -> int:
        return len(self.ready) + len(self.away) + len(self.impossible)

    def sentences(self, script: Object | None, waits: str) -> list[tuple[str, str]]:
        """(tone, sentence) for each kind; `waits` says until when a run waits for its device."""
        said: list[tuple[str, str]] = []
        if self.impossible:
            why = sorted({problem(script, device) for device in self.impossible})
            said.append(
                (
                    "bad",
                    tr("{names} cannot take part: {why}.", names=named(self.impossible), why="; ".join(why)),
                )
            )
        if self.without_language:
            language = words.language_word(script["language"] if script else None)
            said.append(
                (
                    "warning",
                    plural(
                        len(self.without_language),
                        "{names} has not reported {language}: the run would fail there.",
                        "{names} have not reported {language}: the run would fail there.",
                        names=named(self.without_language),
                        language=language,
                    ),
                )
            )
        if self.away:
            said.append(
                (
                    "warning",
                    plural(
                        len(self.away),
                        "{names} is not connected: it runs when it is back, {waits}.",
                        "{names} are not connected: they run when they are back, {waits}.",
                        names=named(self.away),
                        waits=waits,
                    ),
                )
            )
        return said


def outlook(script: Object | None, devices: Iterable[Object]) -> Outlook:
    found = Outlook()
    for device in devices:
        if problem(script, device):
            found.impossible.append(device)
            continue
        (found.ready if device.get("connected") else found.away).append(device)
        if missing_language(script, device):
            found.without_language.append(device)
    return found


def named(devices: list[Object]) -> str:
    names = [str(device.get("hostname") or device["id"]) for device in devices[:_NAMED]]
    more = len(devices) - len(names)
    if more:
        return tr("{names} and {more} more", names=", ".join(names), more=f"{more:,}")
    return ", ".join(names[:-1]) + tr(" and ") + names[-1] if len(names) > 1 else names[0]
