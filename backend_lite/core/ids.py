"""Random names and bearer secrets."""

from __future__ import annotations

import hashlib
import secrets


def new_secret(kind: str) -> str:
    """A bearer secret of 256 random bits; `kind` is a short prefix that tells people what they hold."""
    return f"df{kind}_{secrets.token_urlsafe(32)}"


def secret_kind(secret: str) -> str:
    """The prefix that the secret was made with; empty for what was not made here."""
    head, separator, _ = secret.partition("_")
    return head[2:] if separator and head.startswith("df") else ""


def secret_hash(secret: str) -> bytes:
    """What is stored of a bearer secret. Its 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).digest()


def new_epoch() -> str:
    """A short random name of one life of a database; alphanumeric."""
    return secrets.token_hex(4)
