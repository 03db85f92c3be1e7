"""TLS towards the service: version 1.3, the CA that was pinned at enrolment, and nothing else."""

from __future__ import annotations

import hashlib
import ssl
from urllib.parse import urlsplit

from agent.wire.messages import SERVICE_NAME

# OpenSSL's X509_V_FLAG_NO_CHECK_TIME: the clocks of endpoints lie. The chain is checked all the same.
_NO_CHECK_TIME = 0x200000


def tls_context(ca_pem: str) -> ssl.SSLContext:
    """Trusts this CA alone and insists on the service's fixed name (give `server_hostname=SERVICE_NAME`)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(cadata=ca_pem)
    context.verify_flags |= _NO_CHECK_TIME
    return context


def pin_of(certificate: bytes) -> str:
    """The pin of a certificate in DER."""
    return f"sha256:{hashlib.sha256(certificate).hexdigest()}"


def address_of(server: str) -> tuple[str, int]:
    """Host and port of a service's address. Raises ValueError with a sentence."""
    try:
        parts = urlsplit(server)
        port = parts.port or 443
    except ValueError:
        raise ValueError(f"{server} is not an address.") from None
    if parts.scheme != "https" or not parts.hostname or parts.path not in ("", "/") or parts.query:
        raise ValueError(f"{server} is not an address of the form https://HOST:PORT.")
    return parts.hostname, port


__all__ = ["SERVICE_NAME", "address_of", "pin_of", "tls_context"]
