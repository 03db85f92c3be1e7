"""The private CA: made once, pinned, complete for the strictest check, its leaf renewed when it must be."""

import contextlib
import hashlib
import ssl
import stat
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID

from agent.wire.messages import SERVICE_NAME
from backend_lite.core.security import ca as ca_module
from backend_lite.core.security.ca import ServiceIdentity, open_identity
from backend_lite.errors import StartError


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    folder = tmp_path / "keys"
    folder.mkdir()
    return folder


def chain(identity: ServiceIdentity) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(identity.chain_file.read_bytes())


def handshake(identity: ServiceIdentity, client: ssl.SSLContext, name: str) -> ssl.SSLObject:
    """A whole TLS handshake in memory; raises what the client raises."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server_side = identity.ssl_context().wrap_bio(to_server, to_client, server_side=True)
    client_side = client.wrap_bio(to_client, to_server, server_hostname=name)
    for _ in range(6):
        for side in (client_side, server_side):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
    return client_side


def trusting(pem: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=pem)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


@pytest.mark.parametrize("name", [SERVICE_NAME, "localhost", "127.0.0.1", "192.0.2.7", "pc7.example"])
def test_a_client_that_knows_the_ca_verifies_every_name(keys: Path, name: str) -> None:
    identity = open_identity(keys, ["192.0.2.7", "pc7.example"])
    connected = handshake(identity, trusting(identity.ca_pem), name)
    assert connected.version() == "TLSv1.3"
    der = connected.getpeercert(binary_form=True)
    assert der is not None
    assert hashlib.sha256(der).digest() == identity.leaf_sha256


def test_another_name_and_another_ca_are_refused(keys: Path, tmp_path: Path) -> None:
    identity = open_identity(keys, [])
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        handshake(identity, trusting(identity.ca_pem), "elsewhere.example")
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(identity, trusting(open_identity(other, []).ca_pem), SERVICE_NAME)


def test_tls_1_2_is_spoken_with_authenticated_ciphers_only(keys: Path) -> None:
    identity = open_identity(keys, [])
    old = trusting(identity.ca_pem)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    cipher = handshake(identity, old, SERVICE_NAME).cipher()
    assert cipher is not None
    assert "GCM" in cipher[0] or "CHACHA20" in cipher[0]
    old.set_ciphers("ECDHE-ECDSA-AES128-SHA256")
    with pytest.raises(ssl.SSLError):
        handshake(identity, old, SERVICE_NAME)


def test_the_pin_is_the_hash_of_the_ca_and_the_service_sends_both(keys: Path) -> None:
    identity = open_identity(keys, [])
    leaf, authority = chain(identity)
    assert (
        identity.pin
        == "sha256:" + hashlib.sha256(authority.public_bytes(serialization.Encoding.DER)).hexdigest()
    )
    assert leaf.issuer == authority.subject
    leaf.verify_directly_issued_by(authority)


def test_both_certificates_are_complete(keys: Path) -> None:
    leaf, authority = chain(open_identity(keys, []))
    constraints = authority.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (True, True, 0)
    usage = authority.extensions.get_extension_for_class(x509.KeyUsage)
    assert (usage.critical, usage.value.key_cert_sign) == (True, True)
    key_id = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    issuer_id = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    assert issuer_id == key_id
    purposes = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [ExtendedKeyUsageOID.SERVER_AUTH]
    for certificate in (leaf, authority):
        assert certificate.not_valid_before_utc < datetime.now(UTC) - timedelta(hours=23)


def test_opening_again_changes_nothing(keys: Path) -> None:
    assert open_identity(keys, ["192.0.2.7"]) == open_identity(keys, ["192.0.2.7"])
    before = (keys / "agent-listener.pem").read_bytes()
    open_identity(keys, [])
    assert (keys / "agent-listener.pem").read_bytes() == before


def test_a_new_address_renews_the_leaf_and_keeps_the_pin_and_the_old_addresses(keys: Path) -> None:
    first = open_identity(keys, ["192.0.2.7"])
    second = open_identity(keys, ["192.0.2.8"])
    assert (second.pin, second.ca_pem) == (first.pin, first.ca_pem)
    assert second.leaf_sha256 != first.leaf_sha256
    handshake(second, trusting(first.ca_pem), "192.0.2.7")
    handshake(second, trusting(first.ca_pem), "192.0.2.8")


def test_a_leaf_that_ends_soon_is_renewed_under_the_same_pin(
    keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ca_module, "_LEAF_LIFE", timedelta(days=59))
    first = open_identity(keys, [])
    monkeypatch.undo()
    second = open_identity(keys, [])
    assert second.pin == first.pin
    assert second.leaf_sha256 != first.leaf_sha256
    assert chain(second)[0].not_valid_after_utc > datetime.now(UTC) + timedelta(days=300)


LEAF_FILES = ["agent-listener.key", "agent-listener.pem"]


@pytest.mark.parametrize("name", LEAF_FILES)
@pytest.mark.parametrize(
    "damage", [None, b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_lost_or_broken_leaf_is_made_anew(keys: Path, name: str, damage: bytes | None) -> None:
    first = open_identity(keys, [])
    if damage is None:
        (keys / name).unlink()
    else:
        (keys / name).write_bytes(damage)
    second = open_identity(keys, [])
    assert second.pin == first.pin
    handshake(second, trusting(first.ca_pem), SERVICE_NAME)


@pytest.mark.parametrize("name", LEAF_FILES)
def test_a_kill_between_the_two_files_of_a_leaf_does_no_harm(keys: Path, name: str) -> None:
    first = open_identity(keys, [])
    old = (keys / name).read_bytes()
    open_identity(keys, ["192.0.2.7"])
    (keys / name).write_bytes(old)
    handshake(open_identity(keys, []), trusting(first.ca_pem), SERVICE_NAME)


@pytest.mark.parametrize("damage", [b"", b"not a certificate"])
def test_a_damaged_ca_is_not_replaced_in_silence(keys: Path, damage: bytes) -> None:
    open_identity(keys, [])
    (keys / "ca.pem").write_bytes(damage)
    with pytest.raises(StartError, match="Restore it from a backup"):
        open_identity(keys, [])
    assert (keys / "ca.pem").read_bytes() == damage


@pytest.mark.skipif(sys.platform == "win32", reason="rights are an ACL there")
def test_keys_are_for_this_account_only(keys: Path) -> None:
    open_identity(keys, [])
    files = sorted(keys.iterdir())
    assert [path.name for path in files] == ["agent-listener.key", "agent-listener.pem", "ca.pem"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
