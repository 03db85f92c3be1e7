"""Users, roles and tokens in the documented forms: roles at /api/access, users and tokens of the desktop
manager, service tokens, and the sign-in of SDKs."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType, field

from backend_lite.contract.common import Time

ACCESS_ROLES = "/api/access/roles"
ACCESS_USERS = "/api/access/users"
DESKTOP_USERS = "/api/users"
DESKTOP_TOKENS = "/api/tokens"
SERVICE_TOKEN = "/service-token"  # noqa: S105
SDK_AUTH = "/api/sdk/auth"


class ArtifactPermission(Struct):
    artifact: str
    can_view: bool = False
    can_create: bool = False
    can_edit: bool = False
    can_delete: bool = False


class RoleForm(Struct):
    id: int
    name: str
    description: str
    permissions: list[ArtifactPermission]


class RoleFormCreate(Struct):
    """What is unknown among the artifacts is passed over."""

    name: str
    description: str | None = None
    permissions: list[ArtifactPermission] = field(default_factory=list)


class RoleFormUpdate(Struct):
    """`permissions`, where given, replace those that there are; running and approving, which this form does
    not know, stay on the artifacts that are named."""

    name: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    permissions: list[ArtifactPermission] | UnsetType = UNSET


class AccessUser(Struct):
    id: int
    username: str
    email: str | None
    is_active: bool


class UserRoles(Struct):
    user: AccessUser
    roles: list[RoleForm]


class RoleIds(Struct):
    """Replaces all roles of the user."""

    role_ids: list[int]


class DesktopUser(Struct):
    id: int
    username: str
    email: str | None
    is_admin: bool
    created_at: Time
    last_login: Time | None


class DesktopUserDetails(DesktopUser):
    auth_providers: list[str]


class DesktopUserList(Struct):
    users: list[DesktopUser]


class DesktopUserAnswer(Struct):
    user: DesktopUserDetails


class DesktopUserCreate(Struct):
    """`sub` is the subject by which a provider knows the user."""

    username: str = ""
    sub: str = ""
    is_admin: bool = False


class DesktopUserCreated(Struct):
    id: int
    username: str
    is_admin: bool
    created_at: Time
    message: str


class DesktopUserRemove(Struct):
    username: str = ""


class DesktopUserKnown(Struct):
    exists: bool
    user_id: int | None
    username: str | None


class DesktopTokenCreate(Struct):
    name: str = ""
    description: str | None = None
    expires_in_days: int = 30


class DesktopTokenCreated(Struct):
    token: str
    token_id: str
    name: str
    expires_at: Time | None
    created_by: str


class DesktopToken(Struct):
    token_id: str
    name: str
    description: str
    created_at: Time
    expires_at: Time | None
    last_used: Time | None
    revoked: bool
    created_by: str


class DesktopTokenList(Struct):
    tokens: list[DesktopToken]


class TokenLogin(Struct):
    token: str = ""


class TokenLoginAnswer(Struct):
    username: str
    is_admin: bool
    email: str | None


class ServiceTokenRequest(Struct):
    service: str
    origin: str
    expiration_in_days: Annotated[int, Meta(ge=1, le=180)] = 1


class ServiceTokenAnswer(Struct):
    service_token: str
    token_type: str


class SdkStart(Struct):
    machine_name: str = ""


class SdkSession(Struct):
    session_id: str
    expires_at: Time


class SdkConfirm(Struct):
    session_id: str = ""


class SdkUser(Struct):
    id: int
    username: str


class SdkStatus(Struct, omit_defaults=True):
    """The token is in one answer only; afterwards the session is `expired`."""

    status: str
    access_token: str = ""
    expires_at: Time = ""
    user: SdkUser | None = None
