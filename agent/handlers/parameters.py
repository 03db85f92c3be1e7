"""Parameters and arguments on their way to a script: as data, never as text of a program."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass

from agent.attempt_folder import AttemptFolder
from agent.handlers import RejectionError
from agent.wire.messages import Offer, OfferFile

PARAMETER_VARIABLE = "DEPLOYFLOW_PARAMETERS"

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_LONGEST_FILE_NAME = 200
_NOT_IN_FILE_NAMES = frozenset('<>:"/\\|?*') | {chr(code) for code in range(32)}
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)

Plain = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Given:
    """What a script is given: `plain` also has the paths of files, `files` their content by their place in
    the private folder."""

    plain: dict[str, Plain]
    secrets: dict[str, str]
    files: dict[str, bytes]

    def environment(self) -> dict[str, str]:
        """Variables are seen by every process of the same user, so no secret is among them."""
        return {f"DF_{name.upper()}": as_text(value) for name, value in self.plain.items()}

    def document(self) -> bytes:
        """The content of the parameters file."""
        return json.dumps(self.everything(), ensure_ascii=False).encode()

    def everything(self) -> dict[str, Plain]:
        return {**self.plain, **self.secrets}


def given(offer: Offer, folder: str, secrets: dict[str, str]) -> Given:
    """Raises RejectionError for what cannot reach a process unharmed. `secrets` are in clear."""
    for argument in offer.arguments:
        _check_text(argument, "An argument")
    _check_names([*offer.parameters, *secrets, *(file.name for file in offer.files)])
    for name, value in {**offer.parameters, **secrets}.items():
        _check_text(str(value), f"The parameter {name!r}")
    place = AttemptFolder(folder)
    files = {_file_place(file): _content(file) for file in offer.files}
    paths = {file.name: place.work_file(_file_place(file)) for file in offer.files}
    return Given({**offer.parameters, **paths}, secrets, files)


def _check_names(names: list[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        if not _NAME.fullmatch(name):
            raise RejectionError(
                f"The parameter name {name[:64]!r} cannot be used: "
                "letters, digits and underscores, not starting with a digit, at most 64."
            )
        twin = seen.get(name.upper())
        if twin == name:
            raise RejectionError(f"The parameter {name!r} is given twice.")
        if twin is not None:
            raise RejectionError(f"The parameters {twin!r} and {name!r} differ only in upper and lower case.")
        seen[name.upper()] = name


def _check_text(text: str, what: str) -> None:
    if "\0" in text:
        raise RejectionError(f"{what} contains a zero character, which no process can be given.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise RejectionError(f"{what} contains half a character (a lone surrogate).") from None


def _file_place(file: OfferFile) -> str:
    """Its place in the private folder: a folder for each, so that no name meets another."""
    check_file_name(file.file_name)
    return f"files/{file.name}/{file.file_name}"


def check_file_name(name: str) -> None:
    _check_text(name, "A file's name")
    unusable = not name.strip(" .") or name[-1] in " ." or _DEVICES.fullmatch(name)
    if unusable or set(name) & _NOT_IN_FILE_NAMES or len(name.encode()) > _LONGEST_FILE_NAME:
        raise RejectionError(f"The file name {name[:64]!r} cannot be used on every system; rename the file.")


def _content(file: OfferFile) -> bytes:
    try:
        return base64.b64decode(file.content, validate=True)
    except ValueError:
        raise RejectionError(f"The file {file.file_name[:64]!r} arrived damaged; run it anew.") from None


def as_text(value: Plain) -> str:
    """A value as it stands in a variable: strings as they are, the rest as JSON writes it."""
    return value if isinstance(value, str) else json.dumps(value)
