"""Secrets sealed to devices ahead of the write that needs them: sealing thousands takes a second or more."""

from __future__ import annotations

from backend_lite.features.runs.parameters import seal


class Seals:
    """Keeps what was sealed for one request; what is not kept is sealed when it is asked for.

    Each secret of each task is sealed by itself, so that what is stored does not tell which are equal.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[bytes, int, str, str], str] = {}

    def of(self, public_key: bytes, index: int, secrets: dict[str, str]) -> dict[str, str]:
        """The secrets, in clear, of the task at `index`, sealed to that key."""
        return {name: self._sealed(public_key, index, name, value) for name, value in secrets.items()}

    def _sealed(self, public_key: bytes, index: int, name: str, value: str) -> str:
        what = (public_key, index, name, value)
        if what not in self._kept:
            self._kept[what] = seal(public_key, value)
        return self._kept[what]
