"""Signing in through an OpenID Connect provider.

GET OIDC_LOGIN begins, as documented; its OIDC_CALLBACK is asked by the browser (GET, `code` and `state` in
the query) or by the client (POST). A window begins with POST OIDC_LOGIN instead, opens the address in the
browser of the system, and asks POST OIDC_CALLBACK with state and handle until it is done.

Nobody can be talked into signing a stranger in. Documented, the session goes to the very client that brings
the provider's `code`, and the browser brings that only to this machine. Of a window, whoever began gets the
session, even if somebody else completes the provider's page that they were sent, without being asked anything
where the provider knows them still: therefore only a window that can read the secret of this launch begins,
and it runs as the account that owns the data folder. Confirming and linking are begun by a session, are asked
anew by the provider, and give that session's user nothing of somebody else's. A window on another machine has
no such secret: before there is one, the browser has to show a code that is typed into the window.
"""

from __future__ import annotations

from msgspec import Struct, field

from backend_lite.contract.access import TokenAnswer
from backend_lite.contract.common import Time

OIDC_LOGIN = "/api/auth/oidc/login"
OIDC_CALLBACK = "/api/auth/oidc/callback"
STEP_UP_BY_PROVIDER = "/api/v1/auth/step-up/provider"
IDENTITIES = "/api/v1/auth/identities"

NO_PROVIDER = "no_provider"
"""Code of the 409 where signing in through a provider is switched off or not set up."""
SIGN_IN_S = 600
"""So long a person has for the provider's pages."""


class OidcLogin(Struct):
    """GET OIDC_LOGIN. With `?begin=false` nothing is begun, and `authorization_url` is empty: that only asks
    whether there is a provider, and what it is called."""

    authorization_url: str
    provider: str


class OidcWindowLogin(Struct):
    """POST OIDC_LOGIN: `secret` is that of DIR/run/service.json, new at each start."""

    secret: str


class ProviderSignIn(Struct):
    """POST OIDC_LOGIN, POST STEP_UP_BY_PROVIDER and POST IDENTITIES: `authorization_url` is for the browser,
    `state` and `handle` are for asking POST OIDC_CALLBACK; whoever has the handle gets the session.
    `expires_in` is in seconds."""

    authorization_url: str
    state: str
    handle: str
    expires_in: int
    provider: str


class OidcCallback(Struct):
    """POST OIDC_CALLBACK: `code` and `state` from the provider, or `state` and `handle` of a ProviderSignIn.
    Where the person has a second factor here, 401 `otp_required` asks for the same once more with `otp`."""

    code: str = ""
    state: str = ""
    handle: str = ""
    otp: str | None = None


class OidcUser(Struct):
    id: int
    username: str
    email: str | None
    is_admin: bool


class OidcSession(Struct):
    """The documented answer to `code` and `state`."""

    token: str
    user: OidcUser


class ProviderAnswer(Struct):
    """The answer to `state` and `handle`: not `done` while the person is still at the provider; `session`
    only where somebody signed in."""

    done: bool
    session: TokenAnswer | None = None


class Identity(Struct):
    """A sign-in at a provider that is the caller's. `issuer` is empty until its first use."""

    id: int
    issuer: str
    subject: str
    email: str | None
    created_at: Time


class OwnSignIns(Struct):
    """GET IDENTITIES: by what the caller may sign in. `provider` is the name of the one that is set up, empty
    without one; `step_up`: it can confirm the caller. POST IDENTITIES links the caller there, DELETE
    IDENTITIES/{id} takes a link away."""

    has_password: bool
    provider: str
    step_up: bool
    identities: list[Identity] = field(default_factory=list)
