"""A device asks to come in: it proves its key and shows a token."""

from __future__ import annotations

import re

import structlog
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from agent.wire.codec import enroll_signing_bytes
from agent.wire.fingerprint import device_uid, fingerprint_words
from agent.wire.messages import EnrollAnswer, EnrollRequest
from backend_lite.contract.fleet import Admission
from backend_lite.core.audit.record import Audit
from backend_lite.core.db.database import Database
from backend_lite.core.db.unit import Unit
from backend_lite.core.http.rate_limits import FailureLimit
from backend_lite.errors import ConflictError, InvalidError, ServiceError, UnauthorizedError
from backend_lite.features.enroll.arrivals import Arrival, tell_arrival
from backend_lite.features.enroll.tokens import EnrollmentTokens, ticket_of
from backend_lite.features.fleet.api import FleetApi, KnownDevice

log = structlog.get_logger(__name__)

_KEY = re.compile(r"[0-9a-f]{64}")


class Enrolment:
    def __init__(
        self,
        database: Database,
        fleet: FleetApi,
        tokens: EnrollmentTokens,
        throttle: FailureLimit,
        audit: Audit,
    ) -> None:
        self._database = database
        self._fleet = fleet
        self._tokens = tokens
        self._throttle = throttle
        self._audit = audit

    async def enroll(self, request: EnrollRequest, address: str) -> EnrollAnswer:
        """Make a device for a new key; a key that is known gets the answer it got, and uses up nothing.

        Raises TooFastError, InvalidError for a malformed request, UnauthorizedError for a token or
        signature that is no good, ConflictError for the key of a device that was removed.
        """
        self._throttle.check(address)
        try:
            public_key = _proven_key(request)
            device = await self._database.write(lambda unit: self._take(unit, request, public_key, address))
        except ServiceError as error:
            self._throttle.failed(address)
            log.warning("enrolment refused", address=address, code=error.code)
            raise
        log.info("device enrolled", device=device.id, address=address, admission=device.admission)
        return EnrollAnswer(device.id, device.uid, device.admission, fingerprint_words(public_key))

    def _take(self, unit: Unit, request: EnrollRequest, public_key: bytes, address: str) -> KnownDevice:
        known = self._fleet.known(unit.session, device_uid(public_key))
        if known is None:
            token = self._tokens.use(unit, request.token)
            admission = Admission.APPROVED if token.auto_approve else Admission.PENDING
            device = self._fleet.enlist(unit, public_key, request.facts, admission, address, ticket_of(token))
            told = Arrival(device.id, request.facts.hostname, admission, token)
            tell_arrival(self._audit, unit, told)
            return device
        self._tokens.check_known(unit.session, request.token)
        if known.admission is Admission.RETIRED:
            raise ConflictError(
                "This device was removed from the service. To bring it back, delete the agent's data folder, "
                "so that it makes a new key, and enroll it again.",
                code="retired",
            )
        return known


def _proven_key(request: EnrollRequest) -> bytes:
    if not _KEY.fullmatch(request.public_key):
        raise InvalidError("The public key must be 64 hex digits.")
    public_key = bytes.fromhex(request.public_key)
    try:
        signed = enroll_signing_bytes(request.token, request.public_key)
        VerifyKey(public_key).verify(signed, bytes.fromhex(request.signature))
    except (BadSignatureError, ValueError):
        raise UnauthorizedError(
            "The signature does not prove that the device has this key for this token.", code="bad_signature"
        ) from None
    return public_key
