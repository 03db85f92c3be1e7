"""Script files of other programs: their text, their language and a name."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

from backend_lite.contract.library import MAX_CONTENT, Language
from console.core import formatting
from console.core.errors import Mendable
from console.core.texts import tr

ENDINGS: dict[str, Language] = {
    ".ps1": Language.POWERSHELL,
    ".psm1": Language.POWERSHELL,
    ".bash": Language.BASH,
    ".sh": Language.BASH,
    ".py": Language.PYTHON,
    ".pyw": Language.PYTHON,
    ".cmd": Language.CMD,
    ".bat": Language.CMD,
}
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_INTERPRETERS = (
    ("python", Language.PYTHON),
    ("pwsh", Language.POWERSHELL),
    ("bash", Language.BASH),
    ("sh", Language.SH),
)


class UnusableFile(Mendable):
    """The file is no script that could be taken over."""


@dataclass(frozen=True)
class ScriptFile:
    name: str
    language: Language
    content: str


def read_script(path: Path) -> ScriptFile:
    """The file as a script; line ends stay as they are. Raises UnusableFile."""
    try:
        size = path.stat().st_size
        if size > MAX_CONTENT:
            raise UnusableFile(
                tr(
                    "{name} has {size}; a script may have {limit} at most.",
                    name=path.name,
                    size=formatting.size(size),
                    limit=formatting.size(MAX_CONTENT),
                )
            )
        content = _text(path.read_bytes())
    except OSError as error:
        raise UnusableFile(tr("{name} cannot be read: {why}.", name=path.name, why=error.strerror)) from error
    if "\0" in content:
        raise UnusableFile(tr("{name} is not a text file.", name=path.name))
    if not content.strip():
        raise UnusableFile(tr("{name} is empty.", name=path.name))
    return ScriptFile(path.stem, _language(path, content), content)


def _text(raw: bytes) -> str:
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return raw.decode(encoding, "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _language(path: Path, content: str) -> Language:
    first = content.split("\n", 1)[0]
    if first.startswith("#!"):
        for word, language in _INTERPRETERS:
            if word in first:
                return language
    return ENDINGS.get(path.suffix.lower(), Language.BASH)
