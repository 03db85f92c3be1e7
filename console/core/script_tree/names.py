"""Names of files and folders made from names of scripts: the same on every system, and never two for one."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from console.core.script_files import ENDINGS
from console.core.script_tree.model import ABOUT_SUFFIX, DETECT, UNDO, name_key

MAX_BYTES = 80
"""Of one name, before what makes it unlike another: paths on Windows end at 260 characters."""

_NEVER = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\..*)?", re.IGNORECASE)
_TAKEN_ENDINGS = (*ENDINGS, ABOUT_SUFFIX, ".yml", DETECT, UNDO)
_KEPT = frozenset("-_.,()+ ")


def stem_of(name: str) -> str:
    """A name for the files of one script, without spaces."""
    return _clean(re.sub(r"\s+", "-", name.strip())) or "script"


def folder_names(folder: str) -> tuple[str, ...]:
    """The folders on the disk for a folder of the library."""
    return tuple(cleaned for part in folder.split("/") if (cleaned := _clean(part)))


def stems(names: Iterable[str], kept: Mapping[str, str], others: Iterable[str]) -> dict[str, str]:
    """A stem for each of the names that go into one folder; `kept` are those that have one there already,
    `others` the stems of files there that are something else.

    Where two would be one on a disk that ignores case, all but one are told apart by a part of a hash.
    """
    found = dict(kept)
    taken = {name_key(stem) for stem in (*kept.values(), *others)}
    for name in sorted(set(names) - set(kept)):
        stem = stem_of(name)
        if name_key(stem) in taken:
            stem = f"{stem}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
        taken.add(name_key(stem))
        found[name] = stem
    return found


def stem_in(file: str) -> str:
    """The stem that a file which lies there takes up."""
    stem = PurePosixPath(file).stem
    return stem[: -len(end)] if (end := PurePosixPath(stem).suffix).lower() in (DETECT, UNDO) else stem


def _clean(text: str) -> str:
    letters = (
        letter if letter in _KEPT or unicodedata.category(letter)[0] in "LNM" else "-"
        for letter in unicodedata.normalize("NFC", text)
    )
    cleaned = re.sub(r"[- ]*-[- ]*", "-", "".join(letters)).strip("-. ")
    cleaned = cleaned.encode()[:MAX_BYTES].decode(errors="ignore").rstrip("-. ")
    if _NEVER.fullmatch(cleaned):
        cleaned = f"_{cleaned}"
    if cleaned.lower().endswith(_TAKEN_ENDINGS):
        # Or it would be taken for another kind of file.
        cleaned = "_".join(cleaned.rsplit(".", 1))
    return cleaned
