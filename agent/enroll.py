"""Enrolment: how a device and a service that never met come to know each other.

The device knows the service by its pin (the hash of the CA it must show), the service knows the device by the
token. The first connection only fetches the CA and sends nothing; everything after it is verified.
"""

from __future__ import annotations

import http.client
import json
import logging
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent.backoff import Backoff
from agent.enrollment import Enrollment, save_enrollment
from agent.errors import AgentError
from agent.identity import Identity
from agent.tls import SERVICE_NAME, address_of, pin_of, tls_context
from agent.wire.codec import WireError, enroll_signing_bytes, from_plain, to_plain
from agent.wire.messages import ENROLL_PATH, EnrollAnswer, EnrollRequest, Facts

log = logging.getLogger(__name__)

TIMEOUT_S = 15.0
_LARGEST_ANSWER = 64 << 10
_TOO_MANY_REQUESTS, _SERVER_ERRORS = 429, 500


class NotNowError(Exception):
    """The service cannot be reached or cannot answer at the moment; the text says why."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a person hands to a new device. `pin` is `sha256:` and 64 hex digits."""

    server: str
    pin: str
    token: str


def enroll(
    invitation: Invitation,
    identity: Identity,
    facts: Facts,
    save_to: Path,
    *,
    backoff: Backoff,
    sleep: Callable[[float], None],
) -> Enrollment:
    """Enrol and save; tries again for ever while the network is down.

    Asking again with the same key uses up nothing, so a lost answer does no harm. Raises AgentError for a
    wrong pin or a refused token.
    """
    while True:
        try:
            enrollment = _try_once(invitation, identity, facts)
        except NotNowError as reason:
            wait = backoff.next_wait()
            log.warning("enrolment at %s: %s; next try in %.0f s", invitation.server, reason, wait)
            sleep(wait)
        else:
            save_enrollment(save_to, enrollment)
            return enrollment


def _try_once(invitation: Invitation, identity: Identity, facts: Facts) -> Enrollment:
    host, port = address_of(invitation.server)
    try:
        ca_pem = _fetch_ca(host, port, invitation.pin)
        answer = _ask(host, port, tls_context(ca_pem), _request(invitation, identity, facts))
    except ssl.SSLCertVerificationError:
        raise AgentError(
            f"The service at {invitation.server} shows the right CA, but its own certificate does not come "
            "from it: somebody may be in between. Nothing was sent."
        ) from None
    except (OSError, http.client.HTTPException) as error:
        raise NotNowError(str(error) or type(error).__name__) from None
    if answer.device_uid != identity.device_uid:
        raise AgentError("The service answered for another device; enrolment is not complete.")
    return Enrollment(invitation.server, ca_pem, answer.device_id, answer.device_uid, answer.fingerprint)


def _fetch_ca(host: str, port: int, pin: str) -> str:
    """The pinned CA in PEM, from whatever the other side shows. Only its hash decides."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection((host, port), TIMEOUT_S) as raw,
        context.wrap_socket(raw, server_hostname=SERVICE_NAME) as connection,
    ):
        chain = _unverified_chain(connection)
    for certificate in chain:
        if pin_of(certificate) == pin:
            return ssl.DER_cert_to_PEM_cert(certificate)
    raise AgentError(
        f"The service at {host}:{port} is not the one of this pin; compare the pin and the address "
        "with what the console shows."
    )


def _unverified_chain(connection: ssl.SSLSocket) -> list[bytes]:
    if hasattr(connection, "get_unverified_chain"):
        return list(connection.get_unverified_chain())
    # Public only from Python 3.13 on.
    certificates = connection._sslobj.get_unverified_chain()  # type: ignore[attr-defined]
    return [ssl.PEM_cert_to_DER_cert(certificate.public_bytes()) for certificate in certificates or ()]


def _request(invitation: Invitation, identity: Identity, facts: Facts) -> EnrollRequest:
    public_key = identity.public_key.hex()
    signature = identity.sign(enroll_signing_bytes(invitation.token, public_key))
    return EnrollRequest(invitation.token, public_key, signature, facts)


def _ask(host: str, port: int, context: ssl.SSLContext, request: EnrollRequest) -> EnrollAnswer:
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    with socket.create_connection((host, port), TIMEOUT_S) as raw:
        connection.sock = context.wrap_socket(raw, server_hostname=SERVICE_NAME)
        try:
            connection.request(
                "POST",
                ENROLL_PATH,
                json.dumps(to_plain(request)).encode(),
                {"Content-Type": "application/json", "Accept": "application/json"},
            )
            response = connection.getresponse()
            return _understand(response.status, response.read(_LARGEST_ANSWER))
        finally:
            connection.close()


def _understand(status: int, body: bytes) -> EnrollAnswer:
    try:
        plain = json.loads(body)
    except ValueError:
        plain = None
    if status in (200, 201):
        try:
            return from_plain(plain, EnrollAnswer, "answer")
        except WireError as error:
            raise NotNowError(f"the answer cannot be understood: {error}") from None
    detail = plain.get("detail") if isinstance(plain, dict) else None
    sentence = detail if isinstance(detail, str) else f"The service answered with HTTP status {status}."
    if status == _TOO_MANY_REQUESTS or status >= _SERVER_ERRORS:
        raise NotNowError(sentence)
    raise AgentError(f"The service refused the enrolment: {sentence}")
