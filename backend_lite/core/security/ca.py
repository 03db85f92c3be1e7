"""The private CA of the agent listener: made once, pinned by every agent, complete for strict checks."""

from __future__ import annotations

import hashlib
import ipaddress
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from agent.wire.messages import SERVICE_NAME
from backend_lite.core.security.files import write_private
from backend_lite.errors import StartError

_Key = ec.EllipticCurvePrivateKey

_DAY = timedelta(days=1)
_CA_LIFE = timedelta(days=20 * 365)
_LEAF_LIFE = timedelta(days=397)
_RENEW_BEFORE = timedelta(days=60)


@dataclass(frozen=True)
class ServiceIdentity:
    """What agents verify: the CA (by its pin) and the leaf in use. Files lie in the keys folder."""

    ca_pem: str
    pin: str
    leaf_sha256: bytes
    chain_file: Path
    key_file: Path

    def ssl_context(self) -> ssl.SSLContext:
        """TLS 1.3, and 1.2 with AEAD suites only for the documented clients; sends leaf and CA."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
        context.load_cert_chain(self.chain_file, self.key_file)
        return context


def open_identity(keys: Path, addresses: Iterable[str]) -> ServiceIdentity:
    """The identity in `keys`, made when missing; the leaf is renewed when it is old or lacks an address."""
    ca_key, ca = _open_ca(keys)
    wanted = {SERVICE_NAME, "localhost", "127.0.0.1", "::1", *addresses}
    leaf_key_file, chain_file = keys / "agent-listener.key", keys / "agent-listener.pem"
    leaf = _read_leaf(chain_file, leaf_key_file, ca)
    if leaf is None or not wanted <= _names(leaf) or _old(leaf):
        leaf = _make_leaf(ca_key, ca, wanted | (_names(leaf) if leaf else set()), leaf_key_file, chain_file)
    return ServiceIdentity(
        ca_pem=ca.public_bytes(serialization.Encoding.PEM).decode(),
        pin="sha256:" + hashlib.sha256(ca.public_bytes(serialization.Encoding.DER)).hexdigest(),
        leaf_sha256=hashlib.sha256(leaf.public_bytes(serialization.Encoding.DER)).digest(),
        chain_file=chain_file,
        key_file=leaf_key_file,
    )


def _open_ca(keys: Path) -> tuple[_Key, x509.Certificate]:
    file = keys / "ca.pem"
    if not file.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _make_ca(key)
        # One file, so that a kill in between cannot leave a key without its certificate.
        write_private(file, _pem(key) + certificate.public_bytes(serialization.Encoding.PEM))
    try:
        raw = file.read_bytes()
        return cast("_Key", serialization.load_pem_private_key(raw, None)), x509.load_pem_x509_certificate(
            raw
        )
    except (OSError, ValueError) as error:
        raise StartError(
            f"The service's private CA {file} cannot be read ({error}). Restore it from a backup: agents "
            "trust no other, and with a new one each would have to be enrolled again."
        ) from error


def _make_ca(key: _Key) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "DeployFlow private CA")])
    return (
        _builder(name, name, key.public_key(), _CA_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(ca=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _make_leaf(
    ca_key: _Key,
    ca: x509.Certificate,
    names: set[str],
    key_file: Path,
    chain_file: Path,
) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, SERVICE_NAME)])
    issuer_id = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    leaf = (
        _builder(subject, ca.subject, key.public_key(), _LEAF_LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(ca=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general_name(n) for n in sorted(names)]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_id), critical=False
        )
        .sign(ca_key, hashes.SHA256())
    )
    write_private(key_file, _pem(key))
    pem = serialization.Encoding.PEM
    write_private(chain_file, leaf.public_bytes(pem) + ca.public_bytes(pem))
    return leaf


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, life: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        # Endpoints whose clock is behind by some hours must not fail.
        .not_valid_before(now - _DAY)
        .not_valid_after(now + life)
    )


def _key_usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _names(leaf: x509.Certificate) -> set[str]:
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = {str(address) for address in names.get_values_for_type(x509.IPAddress)}
    return addresses | set(names.get_values_for_type(x509.DNSName))


def _old(leaf: x509.Certificate) -> bool:
    return leaf.not_valid_after_utc - datetime.now(UTC) < _RENEW_BEFORE


def _read_leaf(chain_file: Path, key_file: Path, ca: x509.Certificate) -> x509.Certificate | None:
    """The leaf in use, or None where a lost file or a kill between two writes left none that works."""
    try:
        leaf = x509.load_pem_x509_certificate(chain_file.read_bytes())
        key = cast("_Key", serialization.load_pem_private_key(key_file.read_bytes(), None))
        leaf.verify_directly_issued_by(ca)
    except (OSError, ValueError, TypeError, InvalidSignature):
        return None
    return leaf if leaf.public_key() == key.public_key() else None


def _pem(key: _Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
