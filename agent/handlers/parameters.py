"""Parameters and arguments on their way to a script: as data, never as text of a program."""

from __future__ import annotations

import json
import re

from agent.handlers import RejectionError
from agent.wire.messages import Offer

PARAMETER_VARIABLE = "DEPLOYFLOW_PARAMETERS"

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


def check(offer: Offer) -> None:
    """Raises RejectionError for what cannot reach a process unharmed."""
    for argument in offer.arguments:
        _check_text(argument, "An argument")
    seen: dict[str, str] = {}
    for name, value in offer.parameters.items():
        if not _NAME.fullmatch(name):
            raise RejectionError(
                f"The parameter name {name[:64]!r} cannot be used: "
                "letters, digits and underscores, not starting with a digit, at most 64."
            )
        if (twin := seen.setdefault(name.upper(), name)) != name:
            raise RejectionError(f"The parameters {twin!r} and {name!r} differ only in upper and lower case.")
        _check_text(str(value), f"The parameter {name!r}")


def _check_text(text: str, what: str) -> None:
    if "\0" in text:
        raise RejectionError(f"{what} contains a zero character, which no process can be given.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise RejectionError(f"{what} contains half a character (a lone surrogate).") from None


def as_text(value: str | int | float | bool) -> str:
    """A value as it stands in a variable: strings as they are, the rest as JSON writes it."""
    return value if isinstance(value, str) else json.dumps(value)


def environment(offer: Offer) -> dict[str, str]:
    return {f"DF_{name.upper()}": as_text(value) for name, value in offer.parameters.items()}


def file(offer: Offer) -> bytes:
    return json.dumps(offer.parameters, ensure_ascii=False).encode()
