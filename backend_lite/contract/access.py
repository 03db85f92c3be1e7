"""Signing in: users, sessions, first set-up."""

from __future__ import annotations

from msgspec import Struct

from backend_lite.contract.common import Problem, Time

LOGIN = "/api/v1/auth/login"
LOCAL_LOGIN = "/api/v1/auth/local"
LOGOUT = "/api/v1/auth/logout"
ME = "/api/v1/auth/me"
SETUP = "/api/v1/setup"
LOCAL_SIGN_IN_OFF = "local_sign_in_off"
"""Code of LOCAL_LOGIN's refusal where the owner has switched it off for the window."""

MIN_PASSWORD = 12
"""Fewest characters of a password."""


class LoginRequest(Struct):
    username: str
    password: str
    otp: str | None = None


class LocalLoginRequest(Struct, omit_defaults=True):
    """The console on the same machine: `secret` is that of DIR/run/service.json, new at each start.

    `command`: the command line, whose person could do the same on the data folder of a stopped service. It is
    not asked for the password again, and does not depend on the setting that keeps the window out."""

    secret: str
    command: bool = False


class SetupRequest(Struct):
    """Makes the owner; possible only while there is none, and only with the per-launch secret."""

    secret: str
    username: str
    password: str
    full_name: str = ""


class SetupState(Struct):
    """Answer of GET SETUP while no owner exists; afterwards the path is gone (404)."""

    needed: bool


class User(Struct):
    id: str
    username: str
    email: str | None
    full_name: str | None
    is_active: bool
    created_at: Time
    last_login: Time | None


class TokenAnswer(Struct):
    """`expires_in` is in seconds: the real absolute lifetime of the session."""

    access_token: str
    token_type: str
    expires_in: int
    user: User


class AuthProblem(Problem, omit_defaults=False):
    """Errors of the /api/v1/auth addresses also carry the documented `success` and `error`."""

    error: str = ""
    success: bool = False
