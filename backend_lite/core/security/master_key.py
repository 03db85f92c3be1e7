"""The master key: what secrets are encrypted with before they reach the database.

It comes from the key file, else from the keyring of the system. Where there is neither, the service runs, and
storing a secret is refused with the way to mend it. A sealed text names its key, so that after a rotation
what is not encrypted anew yet can still be read.
"""

from __future__ import annotations

import hashlib
import secrets
from base64 import b64decode, b64encode
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from backend_lite.core.security.key_file import KEY_BYTES, ensure_key_file, read_keys, write_keys
from backend_lite.errors import ConflictError, StartError

log = structlog.get_logger(__name__)

_NONCE = 12
_FORM = "v1"
_SERVICE = "DeployFlow"
NO_KEY = (
    "Secrets cannot be stored yet, because this machine has no keyring to keep their key in. "
    "Start the service with --key-file FILE; the file is made, and only this account can read it."
)
LOST_KEY = (
    "This secret was encrypted with a key that is not here. Start the service with the key file or the "
    "account that it had before, or enter the secret again."
)


class KeySource(StrEnum):
    KEY_FILE = "key_file"
    KEYRING = "keyring"
    NONE = "none"


@dataclass(frozen=True)
class _Keys:
    """Newest first; the newest encrypts."""

    source: KeySource
    keys: tuple[bytes, ...]


class MasterKey:
    """Opened once at the start. Its methods may be called from any thread."""

    def __init__(self, keys: _Keys, key_file: Path | None, account: str) -> None:
        self._keys = keys
        self._key_file = key_file
        self._account = account

    @property
    def source(self) -> KeySource:
        return self._keys.source

    @property
    def problem(self) -> str:
        """Why no secret can be stored, and how to mend it; empty where one can."""
        return NO_KEY if self.source is KeySource.NONE else ""

    def seal(self, purpose: str, plain: str) -> str:
        """Encrypted with the newest key. `purpose` binds it to its place: elsewhere it does not open.

        Raises ConflictError (`no_master_key`) where there is no key.
        """
        if not self._keys.keys:
            raise ConflictError(NO_KEY, code="no_master_key")
        key, nonce = self._keys.keys[0], secrets.token_bytes(_NONCE)
        box = AESGCM(key).encrypt(nonce, plain.encode(), purpose.encode())
        return f"{_FORM}:{_name(key)}:{b64encode(nonce + box).decode()}"

    def open(self, purpose: str, sealed: str) -> str:
        """What `seal` was given. Raises ConflictError (`lost_key`) where it cannot be opened."""
        form, _, rest = sealed.partition(":")
        name, _, body = rest.partition(":")
        key = next((key for key in self._keys.keys if _name(key) == name), None)
        if form != _FORM or key is None:
            raise ConflictError(LOST_KEY, code="lost_key")
        try:
            raw = _decoded(body)
            return AESGCM(key).decrypt(raw[:_NONCE], raw[_NONCE:], purpose.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise ConflictError(LOST_KEY, code="lost_key") from error

    def exported(self) -> tuple[bytes, ...]:
        """The keys themselves, newest first, for a recovery kit and for nothing else."""
        return self._keys.keys

    def is_current(self, sealed: str) -> bool:
        """True when the newest key encrypted it."""
        return bool(self._keys.keys) and sealed.startswith(f"{_FORM}:{_name(self._keys.keys[0])}:")

    @property
    def needs_end(self) -> bool:
        """A rotation has begun and is not ended."""
        return len(self._keys.keys) > 1

    def begin_rotation(self) -> None:
        """From now on a new key encrypts; the older ones still open. Raises ConflictError without a key."""
        if not self._keys.keys:
            raise ConflictError(NO_KEY, code="no_master_key")
        self._keep((secrets.token_bytes(KEY_BYTES), *self._keys.keys))

    def end_rotation(self) -> None:
        """Everything is encrypted with the newest key: the older ones are forgotten."""
        self._keep(self._keys.keys[:1])

    def _keep(self, keys: tuple[bytes, ...]) -> None:
        if self._key_file is not None:
            write_keys(self._key_file, keys)
        else:
            _write_keyring(self._account, keys)
        self._keys = _Keys(self._keys.source, keys)


def open_master_key(key_file: Path | None, account: str, *, keyring_allowed: bool = True) -> MasterKey:
    """`account` names the data folder in the keyring. Raises StartError for a bad key file."""
    if key_file is not None:
        ensure_key_file(key_file)
        return MasterKey(_Keys(KeySource.KEY_FILE, read_keys(key_file)), key_file, account)
    keys = _read_keyring(account) if keyring_allowed else None
    if keys is None:
        return MasterKey(_Keys(KeySource.NONE, ()), None, account)
    return MasterKey(_Keys(KeySource.KEYRING, keys), None, account)


def import_master_key(key_file: Path | None, account: str, keys: tuple[bytes, ...]) -> None:
    """Keep the keys of a recovery kit where `open_master_key` will look. Raises StartError, and nothing is
    changed then: a key file that is there must hold the same keys."""
    if key_file is not None:
        if key_file.exists() and key_file.read_bytes() != b"".join(keys):
            raise StartError(
                f"The key file {key_file} is there already and holds another key. Name one that does not "
                "exist yet; the keys of the kit are put there."
            )
        write_keys(key_file, keys)
        return
    if _read_keyring(account) is None:
        raise StartError(
            "This machine has no keyring for the master key of the kit. Name a file for it: --key-file FILE"
        )
    _write_keyring(account, keys)


def _name(key: bytes) -> str:
    return hashlib.sha256(b"name of a key\n" + key).hexdigest()[:12]


def _read_keyring(account: str) -> tuple[bytes, ...] | None:
    """None where there is no keyring that works; a key is made where it has none for this folder."""
    import keyring
    from keyring.errors import KeyringError

    try:
        stored = keyring.get_password(_SERVICE, account)
        if stored is None:
            made = (secrets.token_bytes(KEY_BYTES),)
            _write_keyring(account, made)
            # A keyring that forgets at once is none.
            return made if keyring.get_password(_SERVICE, account) is not None else None
        return _parsed(stored)
    except KeyringError as error:
        log.info("no keyring", reason=type(error).__name__)
        return None


def _write_keyring(account: str, keys: tuple[bytes, ...]) -> None:
    import keyring

    keyring.set_password(_SERVICE, account, " ".join(b64encode(key).decode() for key in keys))


def _parsed(stored: str) -> tuple[bytes, ...]:
    try:
        keys = tuple(b64decode(part, validate=True) for part in stored.split())
    except ValueError:
        keys = ()
    if not keys or any(len(key) != KEY_BYTES for key in keys):
        raise StartError(
            "The keyring's entry of DeployFlow is damaged. Restore it, or remove it and enter all secrets "
            "again."
        )
    return keys


def _decoded(text: str) -> bytes:
    """Raises ValueError for any other spelling than that of the encoder, which leaves no bit to chance."""
    raw = b64decode(text, validate=True)
    if b64encode(raw).decode() != text:
        raise ValueError("not as it was encoded")
    return raw
