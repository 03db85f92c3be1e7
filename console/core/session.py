"""Who is signed in."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from backend_lite.contract.access import (
    LOCAL_LOGIN,
    LOGIN,
    LOGOUT,
    SETUP,
    LocalLoginRequest,
    LoginRequest,
    SetupRequest,
    SetupState,
    TokenAnswer,
    User,
)
from console.core.client import ApiClient
from console.core.errors import ApiError, ConsoleError

Listener = Callable[[User | None], None]


class Session:
    """Signs in and out; `client` carries the token. Listeners get the user, None when signed out."""

    def __init__(self, client: ApiClient) -> None:
        self.client = client
        self._listeners: list[Listener] = []
        self.user: User | None = None

    def subscribe(self, listener: Listener) -> None:
        self._listeners.append(listener)

    async def setup_needed(self) -> bool:
        """True while the service has no owner. Raises ServiceGone."""
        try:
            return (await self.client.get(SETUP, SetupState)).needed
        except ApiError as refusal:
            if refusal.status == 404:
                return False
            raise

    async def create_owner(self, secret: str, username: str, password: str) -> None:
        """Makes the owner and signs in as this person."""
        answer = await self.client.post(SETUP, SetupRequest(secret, username, password), TokenAnswer)
        self._begin(answer)

    async def sign_in(self, username: str, password: str, otp: str | None = None) -> None:
        self._begin(await self.client.post(LOGIN, LoginRequest(username, password, otp), TokenAnswer))

    async def sign_in_here(self, secret: str, *, command: bool = False) -> None:
        """As the owner, by the secret that only this machine's user can read; or as commands are, who are not
        asked for the password again."""
        request = LocalLoginRequest(secret, command)
        self._begin(await self.client.post(LOCAL_LOGIN, request, TokenAnswer))

    def signed_in(self, answer: TokenAnswer) -> None:
        """The service has given a session otherwise: after the pages of a provider."""
        self._begin(answer)

    async def sign_out(self) -> None:
        """Ends the session here at once, and in the service if it answers."""
        with contextlib.suppress(ConsoleError):
            await self.client.post(LOGOUT)
        self.ended()

    def ended(self) -> None:
        """The service no longer knows the session."""
        self.client.token = None
        self._tell(None)

    def _begin(self, answer: TokenAnswer) -> None:
        self.client.token = answer.access_token
        self._tell(answer.user)

    def _tell(self, user: User | None) -> None:
        self.user = user
        for listener in tuple(self._listeners):
            listener(user)
