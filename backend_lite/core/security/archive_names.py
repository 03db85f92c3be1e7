"""Names of an archive's entries: such as stay where they are put, on every system, each one another's."""

from __future__ import annotations

import unicodedata

_MOST_CHARACTERS = 1_000
_MOST_BYTES = 255
_FORBIDDEN = frozenset('<>:"|?*\\')
_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$", "clock$"]
    + [f"{port}{number}" for port in ("com", "lpt") for number in "0123456789¹²³"]
)
"""What Windows takes for a device in any folder and with any ending."""


def unfit(name: str) -> str | None:
    """Why a relative path with slashes cannot be the name of a file, as the end of a sentence about it; None
    where it can."""
    if not name or len(name) > _MOST_CHARACTERS:
        return f"has a name of {len(name):,} characters"
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in name):
        return "has a name with control characters or bytes that are no text"
    if name[0] in "/\\" or name[1:2] == ":":
        return "names a place on the whole machine instead of one in the archive"
    return next((why for part in name.split("/") if (why := _unfit_part(part)) is not None), None)


def _unfit_part(part: str) -> str | None:
    if part in ("", ".", ".."):
        return "leads out of its folder, or takes a detour"
    if _FORBIDDEN & set(part):
        return "has a name that Windows does not allow"
    if part[-1] in ". ":
        return "has a name that ends with a dot or a space, which Windows drops"
    if part.partition(".")[0].rstrip().lower() in _DEVICES:
        return "has the name of a device of Windows"
    if len(part.encode()) > _MOST_BYTES:
        return f"has a name of more than {_MOST_BYTES} bytes"
    return None


class Taken:
    """Names that are given away, told apart as the least exact system does it: without case and without the
    ways of writing a character."""

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._folders: dict[str, str] = {}

    def file(self, name: str) -> bool:
        """Whether it was free; then it is taken, and the folders above it are folders."""
        key = _key(name)
        if key in self._files or key in self._folders or not self._above(name):
            return False
        self._files.add(key)
        return True

    def folder(self, name: str) -> bool:
        """Whether it is the name of a folder, of this spelling, from now on; it may have been before."""
        return self._above(f"{name}/")

    def _above(self, name: str) -> bool:
        places = [place for place, character in enumerate(name) if character == "/"]
        above = {_key(name[:place]): name[:place] for place in places}
        if any(key in self._files or self._folders.get(key, spelt) != spelt for key, spelt in above.items()):
            return False
        self._folders |= above
        return True


def _key(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKC", folded)
