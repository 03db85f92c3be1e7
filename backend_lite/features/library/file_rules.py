"""What files may be called, and how their checksums and sizes are written."""

from __future__ import annotations

import re
import unicodedata

from backend_lite.contract.uploads import MAX_FILE_NAME
from backend_lite.errors import InvalidError

_SHA256 = re.compile(r"[0-9a-f]{64}")
_PLAIN_BYTES = 120
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)


def checked_file_name(text: str) -> str:
    """The label of a file: its name without the folders that some clients put in front.

    Raises InvalidError.
    """
    name = re.split(r"[/\\]", text)[-1].strip()
    if not name or name in (".", ".."):
        raise InvalidError("The file needs a name, such as setup.msi.", code="bad_file_name")
    if len(name) > MAX_FILE_NAME:
        raise InvalidError(
            f"The name of the file has {len(name)} characters; at most {MAX_FILE_NAME} are allowed.",
            code="bad_file_name",
        )
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in name):
        raise InvalidError("The name of the file holds a control character; rename it.", code="bad_file_name")
    return name


def plain_file_name(label: str) -> str:
    """A name for the same file that means nothing special on any system; its ending stays."""
    name = _FORBIDDEN.sub("_", label).strip(" .") or "file"
    if _RESERVED.fullmatch(name):
        name = f"_{name}"
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending) > 20:
        stem, dot, ending = name, "", ""
    room = _PLAIN_BYTES - len((dot + ending).encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(" .") + dot + ending


def checked_sha256(text: str) -> str:
    """64 lower-case hex digits; `sha256:` may stand in front. Raises InvalidError."""
    digits = text.strip().lower().removeprefix("sha256:")
    if not _SHA256.fullmatch(digits):
        raise InvalidError(
            f'"{text[:80]}" is no SHA-256: it has 64 digits from 0 to f. The publisher of the file names it.',
            code="bad_checksum",
        )
    return digits


def size_words(size: int) -> str:
    """Such as `1.4 GB`; rounded up, so that a person who makes that much room has enough."""
    for unit, factor in (("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)):
        if size >= factor:
            return f"{-(-size * 10 // factor) / 10:,.1f} {unit}"
    return f"{size} bytes"
