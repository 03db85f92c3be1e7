"""Users, roles, sessions, second factors and API tokens."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType, field

from backend_lite.contract.common import Time

STEP_UP = "/api/v1/auth/step-up"
PASSWORD = "/api/v1/auth/password"  # noqa: S105
SECOND_FACTOR = "/api/v1/auth/second-factor"
SESSIONS = "/api/v1/sessions"
RIGHTS = "/api/v1/auth/rights"
USERS = "/api/v1/users"
ROLES = "/api/v1/roles"
API_TOKENS = "/api/v1/api-tokens"

STEP_UP_S = 600
"""So long after a sign-in with the password sensitive actions are open."""


class Grant(Struct):
    """`verbs` on `artifact`."""

    artifact: str
    verbs: list[str]


class Rights(Struct):
    """GET RIGHTS: what the caller may do, as `artifact:verb`: everywhere, and only on the devices of groups
    (their ids). `second_factor_due`: none before the caller has set one up, which everybody needs."""

    permissions: list[str]
    limited: dict[str, list[int]] = field(default_factory=dict)
    second_factor_due: bool = False


class Role(Struct):
    """What its holders may do. Where `groups` are named, rights on DEVICE_BOUND things hold on the devices
    that these name as members only. A `built_in` one cannot be changed, only copied."""

    id: int
    name: str
    description: str
    built_in: bool
    grants: list[Grant]
    groups: list[int]
    user_count: int
    version: int


class RoleCreate(Struct):
    name: str
    description: str = ""
    grants: list[Grant] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)


class RoleUpdate(Struct):
    """PUT: any subset."""

    name: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    grants: list[Grant] | UnsetType = UNSET
    groups: list[int] | UnsetType = UNSET


class UserAccount(Struct):
    """GET USERS: a user as an administrator sees it. `providers` are the issuers of its linked sign-ins."""

    id: int
    username: str
    email: str | None
    full_name: str | None
    is_active: bool
    roles: list[int]
    second_factor: bool
    providers: list[str]
    created_at: Time
    last_login: Time | None
    version: int


class UserCreate(Struct):
    """Without a password the user signs in through a provider only, which knows them by `subject`."""

    username: str
    password: str | None = None
    email: str | None = None
    full_name: str = ""
    roles: list[int] = field(default_factory=list)
    subject: str = ""


class UserUpdate(Struct):
    """PUT: any subset. A new `password` ends the user's sessions; so does taking `is_active` away."""

    email: str | UnsetType | None = UNSET
    full_name: str | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET
    roles: list[int] | UnsetType = UNSET
    password: str | UnsetType = UNSET


class SessionInfo(Struct):
    """GET SESSIONS: own ones, with `users:view` everybody's. DELETE SESSIONS/{id} ends one."""

    id: int
    user_id: int
    username: str
    address: str
    user_agent: str
    created_at: Time
    last_used_at: Time | None
    expires_at: Time
    current: bool


class SecondFactorState(Struct):
    """GET SECOND_FACTOR: of the caller. `demanded`: without one nobody has any rights."""

    enabled: bool
    recovery_codes_left: int
    demanded: bool = False


class PasswordChange(Struct):
    """PUT PASSWORD: ends the other sessions of the caller."""

    current_password: str
    new_password: str


class StepUpRequest(Struct):
    """POST STEP_UP: the password once more, and the second factor where there is one."""

    password: str
    otp: str | None = None


class SecondFactorSetUp(Struct):
    """POST SECOND_FACTOR: nothing counts until SECOND_FACTOR/confirm has had a code of it."""

    secret: str
    uri: str


class SecondFactorCode(Struct):
    """POST SECOND_FACTOR/confirm, answered with the first RecoveryCodes. DELETE SECOND_FACTOR takes the
    second factor away, POST SECOND_FACTOR/recovery-codes makes new codes, and DELETE
    USERS/{id}/second-factor is for who manages users; all three need a fresh sign-in."""

    otp: str


class RecoveryCodes(Struct):
    """Shown once; each works once in place of a code."""

    codes: list[str]


class ApiToken(Struct):
    """`scope` are `artifact:verb`; never more than its maker may, at any time. `kind` is `api`, `sdk`,
    `service`..."""

    id: int
    kind: str
    name: str
    description: str
    scope: list[str]
    created_by: str
    created_at: Time
    expires_at: Time | None
    last_used_at: Time | None
    revoked_at: Time | None


class ApiTokenCreate(Struct):
    """`scope` empty: all that the maker may."""

    name: str
    description: str = ""
    scope: list[str] = field(default_factory=list)
    expires_in_days: int = 30


class ApiTokenWork(Struct):
    """GET API_TOKENS/{id}/work: the rollouts that were made with it and have not ended, and their runs that
    have not. DELETE API_TOKENS/{id} leaves them as they are; with `?cancel_rollouts=true`, which takes the
    right `rollouts:run` on all devices, it cancels them in the same act."""

    rollouts: int
    runs: int


class ApiTokenSecret(Struct):
    """Answer of POST: the only time that `token` is shown."""

    api_token: ApiToken
    token: str
