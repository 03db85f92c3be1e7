"""The provider as the settings describe it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from backend_lite.contract.oidc import NO_PROVIDER, OIDC_CALLBACK
from backend_lite.core.security.outgoing import parsed
from backend_lite.core.settings import SettingValues
from backend_lite.errors import ConflictError, InvalidError


@dataclass(frozen=True)
class Provider:
    """`new_user_role` is the name of the role that unknown people get; empty: they are refused."""

    name: str
    issuer: str
    client_id: str
    client_secret: str
    scopes: str
    username_claim: str
    new_user_role: str


class ProviderSettings:
    """`open_secret` gives the plain value of a secret setting."""

    def __init__(self, values: SettingValues, open_secret: Callable[[str], str]) -> None:
        self._values = values
        self._open_secret = open_secret

    @property
    def name(self) -> str:
        """What people know the provider by; empty without one."""
        issuer = self._text("oidc.issuer")
        if not self._values.flag("oidc.enabled") or not issuer or not self._text("oidc.client_id"):
            return ""
        return self._text("oidc.name") or urlsplit(issuer).hostname or issuer

    def redirect_uri(self, port: int) -> str:
        """Where the browser comes back to: the admin listener, on `port`, unless the settings say else."""
        return self._text("oidc.redirect_uri") or f"http://127.0.0.1:{port}{OIDC_CALLBACK}"

    def provider(self) -> Provider:
        """Raises ConflictError where nothing is set up, or not rightly."""
        if not self.name:
            raise ConflictError(
                "Signing in through a provider is not set up. An owner does that in the settings, under "
                "Sign-in provider.",
                code=NO_PROVIDER,
            )
        issuer = self._text("oidc.issuer")
        refuse_insecure(issuer, "The provider's address (oidc.issuer)")
        return Provider(
            name=self.name,
            issuer=issuer,
            client_id=self._text("oidc.client_id"),
            client_secret=self._open_secret("oidc.client_secret"),
            scopes=_with_openid(self._text("oidc.scopes")),
            username_claim=self._text("oidc.username_claim"),
            new_user_role=self._text("oidc.new_user_role"),
        )

    def _text(self, name: str) -> str:
        return self._values.text(name).strip()


def refuse_insecure(url: str, what: str) -> None:
    """Raises ConflictError for anything but an https address."""
    try:
        target = parsed(url)
    except InvalidError as error:
        raise ConflictError(f"{what} is no address. {error.detail}", code="bad_provider") from error
    if not target.tls:
        raise ConflictError(
            f"{what} must begin with https: over plain http anybody on the way could sign in as anybody.",
            code="bad_provider",
        )


def _with_openid(scopes: str) -> str:
    wanted = scopes.split()
    return " ".join(wanted if "openid" in wanted else ["openid", *wanted])
