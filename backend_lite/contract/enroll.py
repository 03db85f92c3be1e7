"""Bringing devices in: enrollment tokens and where agents find the service."""

from __future__ import annotations

from msgspec import Struct, field

from backend_lite.contract.common import Time

ENROLLMENT_TOKENS = "/api/v1/enrollment-tokens"
SETUP_ENROLLMENT_TOKEN = "/api/v1/setup/enrollment-token"  # noqa: S105
AGENT_ENDPOINT = "/api/v1/agent-endpoint"

DEFAULT_TTL_S = 24 * 3600
DEFAULT_USES = 5


class EnrollmentTokenCreate(Struct):
    """Devices that come in by it join `groups`, which must have named members. A person needs a fresh sign-in
    to make one; API tokens with the right make them too."""

    name: str = ""
    ttl_s: int = DEFAULT_TTL_S
    uses: int = DEFAULT_USES
    auto_approve: bool = False
    groups: list[int] = field(default_factory=list)


class EnrollmentTokenUpdate(Struct):
    """PUT: only its name can change."""

    name: str


class SetupEnrollmentToken(Struct):
    """While there is no owner, the per-launch secret makes tokens at SETUP_ENROLLMENT_TOKEN; 404 later."""

    secret: str
    wanted: EnrollmentTokenCreate


class EnrollmentToken(Struct):
    id: int
    name: str
    uses: int
    used: int
    auto_approve: bool
    created_by: str
    created_at: Time
    expires_at: Time
    last_used_at: Time | None
    revoked_at: Time | None
    groups: list[int] = field(default_factory=list)


class EnrollmentTokenSecret(Struct):
    """Answer of POST: the only time that `token` is shown."""

    enrollment_token: EnrollmentToken
    token: str
    agent_url: str
    agent_pin: str
    ca_pem: str


class AgentAddress(Struct):
    """An address of this machine; `scope` is `loopback`, `lan` or `public`."""

    address: str
    interface: str
    scope: str


class AgentEndpoint(Struct):
    """Where agents reach the service: `host` is what it listens on (`0.0.0.0` is every address).

    There is one; `id` is its number in the live stream.
    """

    host: str
    port: int
    url: str
    pin: str
    addresses: list[AgentAddress]
    id: int = 1


class AgentEndpointUpdate(Struct):
    """PUT (needs a fresh sign-in): listen there from now on. Port 0: as it is. Agents come back by
    themselves where the address they know still leads here: another port is found by none of them."""

    host: str
    port: int = 0
