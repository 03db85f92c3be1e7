"""The documented `register`: a device without a key comes in by an enrollment token."""

from __future__ import annotations

import structlog

from backend_lite.contract.fleet import Admission
from backend_lite.contract.http_agents import POLL_INTERVAL_S, AgentRegister, AgentRegistered
from backend_lite.core.audit.record import Audit
from backend_lite.core.db.database import Database
from backend_lite.core.db.unit import Unit
from backend_lite.core.http.rate_limits import FailureLimit
from backend_lite.core.security.principal import Principal
from backend_lite.errors import InvalidError, UnauthorizedError
from backend_lite.features.access.api import AccessApi
from backend_lite.features.enroll.arrivals import Arrival, tell_arrival
from backend_lite.features.enroll.tokens import EnrollmentTokens, ticket_of
from backend_lite.features.fleet.api import FleetApi

log = structlog.get_logger(__name__)


class Registration:
    def __init__(
        self,
        database: Database,
        access: AccessApi,
        fleet: FleetApi,
        tokens: EnrollmentTokens,
        throttle: FailureLimit,
        audit: Audit,
    ) -> None:
        self._database = database
        self._access = access
        self._fleet = fleet
        self._tokens = tokens
        self._throttle = throttle
        self._audit = audit

    async def register(
        self, request: AgentRegister, address: str, caller: Principal | None
    ) -> AgentRegistered:
        """A new device with its secret, or for a device that shows its own, what it says of itself.

        Raises TooFastError, InvalidError, and UnauthorizedError with the documented sentence.
        """
        self._throttle.check(address)
        if not request.hostname.strip():
            raise InvalidError("A device needs a hostname.")
        if caller is not None and caller.device_id is not None:
            return await self._describe(caller.device_id, request, address)
        try:
            made = await self._database.write(lambda unit: self._enlist(unit, request, address))
        except UnauthorizedError as error:
            self._throttle.failed(address)
            log.warning("registration refused", address=address, code=error.code)
            raise UnauthorizedError("Invalid enrollment token", code=error.code) from None
        log.info("device registered", device=made.device_id, address=address)
        return made

    def _enlist(self, unit: Unit, request: AgentRegister, address: str) -> AgentRegistered:
        token = self._tokens.use(unit, request.enrollment_token)
        admission = Admission.APPROVED if token.auto_approve else Admission.PENDING
        device_id = self._fleet.callers.enlist(unit, _labels(request), admission, address, ticket_of(token))
        tell_arrival(self._audit, unit, Arrival(device_id, request.hostname, admission, token))
        secret = self._access.devices.issue(unit, device_id)
        return AgentRegistered(device_id, POLL_INTERVAL_S, secret)

    async def _describe(self, device_id: int, request: AgentRegister, address: str) -> AgentRegistered:
        labels = _labels(request)
        await self._database.write(
            lambda unit: self._fleet.callers.describe(unit, device_id, labels, address)
        )
        self._fleet.callers.heard(device_id)
        return AgentRegistered(device_id, POLL_INTERVAL_S)


def _labels(request: AgentRegister) -> dict[str, str | None]:
    return {
        "hostname": request.hostname,
        "os_type": request.os_type,
        "os_version": request.os_version,
        "os_description": request.os_description,
        "hardware_summary": request.hardware_summary,
    }
