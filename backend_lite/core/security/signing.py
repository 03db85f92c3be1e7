"""Signatures of the service's own making, which only it verifies."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

from backend_lite.core.security.key_file import ensure_key_file

DOWNLOAD_KEY = "download.key"


def download_key(keys: Path) -> bytes:
    """The key of signed addresses, made when there is none. Raises StartError."""
    path = keys / DOWNLOAD_KEY
    ensure_key_file(path)
    return path.read_bytes()


class Signer:
    """`purpose` keeps what one signer signed from being taken by another."""

    def __init__(self, key: bytes, purpose: str) -> None:
        self._key = key
        self._purpose = purpose

    def sign(self, *parts: str) -> str:
        """64 hex digits over the parts, their number and their order."""
        mac = hmac.new(self._key, digestmod=hashlib.sha256)
        for part in (self._purpose, *parts):
            raw = part.encode("utf-8", "surrogatepass")
            mac.update(len(raw).to_bytes(8, "big") + raw)
        return mac.hexdigest()

    def holds(self, signature: str, *parts: str) -> bool:
        given = signature.encode("utf-8", "surrogatepass")
        return hmac.compare_digest(self.sign(*parts).encode(), given)
