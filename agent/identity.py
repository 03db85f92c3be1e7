"""The device's key: made here, never leaves this machine. What it is called lies in `wire.fingerprint`."""

from __future__ import annotations

from pathlib import Path

from agent.errors import AgentError
from agent.files import read_file, replace_durably
from agent.wire.fingerprint import device_uid

_SEED_SIZE = 32


class Identity:
    """An Ed25519 key pair."""

    def __init__(self, seed: bytes) -> None:
        from nacl.bindings import crypto_sign_seed_keypair

        self.public_key, self._secret_key = crypto_sign_seed_keypair(seed)

    @property
    def device_uid(self) -> str:
        return device_uid(self.public_key)

    def sign(self, message: bytes) -> str:
        """The signature in hex (128 digits)."""
        from nacl.bindings import crypto_sign

        signed: bytes = crypto_sign(message, self._secret_key)
        return signed[: -len(message)].hex()

    def open_sealed(self, sealed: str) -> str:
        """The text in a sealed box (Base64) made for this key, whose X25519 form opens it.

        Raises ValueError when it was made for another one or is damaged.
        """
        import base64

        from nacl import bindings, exceptions

        public_key = bindings.crypto_sign_ed25519_pk_to_curve25519(self.public_key)
        secret_key = bindings.crypto_sign_ed25519_sk_to_curve25519(self._secret_key)
        try:
            raw: bytes = bindings.crypto_box_seal_open(
                base64.b64decode(sealed, validate=True), public_key, secret_key
            )
            return raw.decode()
        except (exceptions.CryptoError, ValueError):
            raise ValueError("not sealed to this key") from None


def load_identity(path: Path) -> Identity | None:
    """The key in a file, or None when there is none. Raises AgentError for a damaged one."""
    try:
        raw = read_file(str(path))
    except OSError as error:
        raise AgentError(f"The device's key {path} cannot be read: {error.strerror}.") from None
    if raw is None:
        return None
    try:
        seed = bytes.fromhex(raw.decode("ascii").strip())
    except ValueError:
        seed = b""
    if len(seed) != _SEED_SIZE:
        raise AgentError(
            f"The device's key {path} is damaged; restore it, or delete the data folder and enrol again."
        )
    return Identity(seed)


def make_identity(path: Path) -> Identity:
    """A new key, in its file before anybody hears of it."""
    from nacl.utils import random

    seed = random(_SEED_SIZE)
    replace_durably(str(path), seed.hex().encode() + b"\n")
    return Identity(seed)
