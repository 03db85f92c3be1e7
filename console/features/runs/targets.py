"""Whether a script can run on a device, said before anything is started."""

from __future__ import annotations

from typing import Any

from backend_lite.contract.fleet import Admission
from backend_lite.contract.library import os_matches
from console.core import words
from console.core.texts import tr

Object = dict[str, Any]


def problem(script: Object | None, device: Object) -> str:
    """Why the service would refuse it, in some words; empty when it would not."""
    if device.get("admission") != Admission.APPROVED:
        return tr("not approved")
    if script is None:
        return ""
    target, own = script.get("target_os_type"), device.get("os_type")
    if not os_matches(target, own):
        return tr(
            "it is for {target}, device is {own}",
            target=words.system_word(target),
            own=words.system_word(own),
        )
    return ""


def missing_language(script: Object | None, device: Object) -> str:
    """The language that the device did not report; empty when it did, or reported none at all."""
    languages = (device.get("facts") or {}).get("languages")
    if script is None or not languages or "language" not in script or script["language"] in languages:
        return ""
    return words.language_word(script["language"])
