"""Log-ins of clients that send a form, and who they are, in the documented words."""

from __future__ import annotations

from msgspec import Struct

FORM_LOGIN = "/api/auth/login"
FORM_ME = "/api/auth/me"
TOKEN = "/token"  # noqa: S105
TOKEN_ME = "/users/me"  # noqa: S105


class FormLogin(Struct):
    """POST FORM_LOGIN and TOKEN, as application/x-www-form-urlencoded."""

    username: str
    password: str
    otp: str | None = None


class FormToken(Struct):
    access_token: str
    token_type: str


class FormUser(Struct):
    id: int
    username: str
    email: str | None
    is_admin: bool


class PermissionTable(Struct):
    """`by_artifact` has the verbs that the caller may; `flat` has every `artifact:verb` there is."""

    by_artifact: dict[str, list[str]]
    flat: dict[str, bool]


class FormMe(Struct):
    """GET FORM_ME. `roles` are names."""

    user: FormUser
    roles: list[str]
    permissions: PermissionTable


class TokenUser(Struct):
    """GET TOKEN_ME."""

    id: int
    name: str
