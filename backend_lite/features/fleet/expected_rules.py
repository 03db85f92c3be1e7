"""What an expected device may be, and by what it is known."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from backend_lite.errors import InvalidError
from backend_lite.features.fleet.labels import LABEL_SIZES, clean, real_identifier

MAX_NOTE = 2000


@dataclass(frozen=True, slots=True)
class Identity:
    """`serial` and `hostname` cleaned; the keys are as they are compared."""

    hostname: str
    serial: str
    hostname_key: str
    serial_key: str

    @property
    def key(self) -> tuple[str, str]:
        """Two expected devices with the same key would be the same device."""
        return ("", self.hostname_key) if not self.serial_key else (self.serial_key, "")


def identity_of(hostname: str, serial: str) -> Identity:
    """Raises InvalidError with what is wrong, in a sentence."""
    hostname, serial = checked_hostname(hostname), checked_serial(serial)
    if not hostname and not serial:
        raise InvalidError("A device is known by its serial number or its host name: give one of them.")
    return Identity(hostname, serial, hostname_key(hostname), serial_key(serial))


def hostname_key(text: str | None) -> str:
    """A host name as it is compared."""
    return unicodedata.normalize("NFKC", text or "").casefold()[:255]


def serial_key(text: str | None) -> str:
    """A serial number as it is compared; empty for a placeholder."""
    return unicodedata.normalize("NFKC", real_identifier(text) or "").casefold()[:200]


def checked_hostname(text: str) -> str:
    return _checked(text, LABEL_SIZES["hostname"], "host name")


def checked_serial(text: str) -> str:
    serial = _checked(text, LABEL_SIZES["serial"], "serial number")
    if serial and real_identifier(serial) is None:
        raise InvalidError(
            f'"{serial[:60]}" is what makers write where there is no serial number: many devices have it.'
        )
    return serial


def checked_note(text: str) -> str:
    if len(text) > MAX_NOTE:
        raise InvalidError(f"The note is too long: {MAX_NOTE} characters at most.")
    return clean(text, MAX_NOTE)


def _checked(text: str, size: int, what: str) -> str:
    text = clean(text, size + 1)
    if len(text) > size:
        raise InvalidError(f"The {what} is too long: {size} characters at most.")
    return text
