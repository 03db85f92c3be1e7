"""Script files of other programs: their text, their language and a name."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

from backend_lite.contract import encodings
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
    content = read_text(path)
    return ScriptFile(path.stem, language_of(path.suffix, content), content)


def read_text(path: Path, limit: int = MAX_CONTENT) -> str:
    """The text of a file of at most `limit` bytes, in whichever encoding it is. Raises UnusableFile."""
    try:
        with path.open("rb") as file:
            raw = file.read(limit + 1)
            size = path.stat().st_size
    except OSError as error:
        raise UnusableFile(tr("{name} cannot be read: {why}.", name=path.name, why=error.strerror)) from error
    if len(raw) > limit:
        raise UnusableFile(
            tr(
                "{name} has {size}; {limit} are allowed at most.",
                name=path.name,
                size=formatting.size(size),
                limit=formatting.size(limit),
            )
        )
    content = _decoded(raw)
    if "\0" in content:
        raise UnusableFile(tr("{name} is not a text file.", name=path.name))
    if not content.strip():
        raise UnusableFile(tr("{name} is empty.", name=path.name))
    return content


def language_of(suffix: str, content: str) -> Language:
    """As the first line says, or else the suffix."""
    first = content.split("\n", 1)[0]
    if first.startswith("#!"):
        for word, language in _INTERPRETERS:
            if word in first:
                return language
    return ENDINGS.get(suffix.lower(), Language.BASH)


def _decoded(raw: bytes) -> str:
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return raw.decode(encoding, "replace")
    try:
        return raw.decode("utf-8") if b"\0" not in raw else _sixteen_bits(raw)
    except UnicodeDecodeError:
        # What Windows' own editors write where they do not write Unicode.
        return raw.decode("cp1252", "replace")


def _sixteen_bits(raw: bytes) -> str:
    """UTF-16 without a mark, or what has a zero character in it and is no text at all."""
    is_sixteen = encodings.guess(raw[: encodings.SAMPLE]) == encodings.UTF_16
    return raw.decode("utf-16-le" if is_sixteen else "latin-1", "replace")
