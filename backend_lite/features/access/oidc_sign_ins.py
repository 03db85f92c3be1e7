"""Signing in through the provider, confirming with it who one is, and linking an account to it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from backend_lite.contract.access import TokenAnswer
from backend_lite.contract.audit import ActionType
from backend_lite.contract.oidc import SIGN_IN_S, OwnSignIns, ProviderAnswer, ProviderSignIn
from backend_lite.core.audit.record import Audit, Entity
from backend_lite.core.db.database import Database
from backend_lite.core.db.unit import Unit
from backend_lite.core.security.principal import Principal
from backend_lite.errors import ConflictError, InvalidError, ServiceError, UnauthorizedError
from backend_lite.features.access.accounts import live_user
from backend_lite.features.access.identities import UNKNOWN_USER, Identities, Person
from backend_lite.features.access.login import Login
from backend_lite.features.access.oidc_client import ProviderClient
from backend_lite.features.access.oidc_settings import Provider, ProviderSettings
from backend_lite.features.access.oidc_states import Arrived, Begun, Purpose, States
from backend_lite.features.access.oidc_token import Claims, authenticated_since
from backend_lite.features.access.proof import Proof
from backend_lite.features.access.sessions import Sessions
from backend_lite.features.access.tables import UserRow

_FRESH = "fresh"


class ProviderSignIns:
    """A sign-in through the provider counts as one with the password. It counts as a fresh one where the
    provider says that the person proved themselves just now, and not where it knew them still."""

    def __init__(
        self,
        database: Database,
        settings: ProviderSettings,
        client: ProviderClient,
        states: States,
        identities: Identities,
        login: Login,
        sessions: Sessions,
        proof: Proof,
        audit: Audit,
    ) -> None:
        self._database = database
        self._settings = settings
        self._client = client
        self._states = states
        self._identities = identities
        self._login = login
        self._sessions = sessions
        self._proof = proof
        self._audit = audit

    @property
    def provider_name(self) -> str:
        """Raises ConflictError without a provider; one that is not set up rightly says so at its use."""
        return self._settings.name or self._settings.provider().name

    async def begin(
        self, purpose: Purpose, port: int, *, person: Principal | None = None, collected: bool = True
    ) -> ProviderSignIn:
        """`port` is that of the admin listener. Raises ConflictError, TooFastError."""
        provider = self._settings.provider()
        issuer = await self._client.issuer(provider)

        def work(unit: Unit) -> Begun:
            if purpose is Purpose.STEP_UP and person is not None:
                self._refuse_stranger(unit, person, provider, issuer)
            redirect_uri = self._settings.redirect_uri(port)
            return self._states.begin(unit, purpose, issuer, redirect_uri, person=person, collected=collected)

        begun = await self._database.write(work)
        address = await self._client.address(provider, begun.request)
        return ProviderSignIn(address, begun.request.state, begun.handle, SIGN_IN_S, provider.name)

    async def arrive(self, state: str, code: str, error: str = "", issuer: str = "") -> None:
        """The browser came back, with a `code` or an `error` of the provider's. Raises InvalidStateError,
        and InvalidError or ConflictError with what is wrong."""
        arrived = await self._database.write(lambda unit: self._states.arrive(unit, state, code))
        if arrived.owed_code:
            return
        try:
            if error:
                raise InvalidError(_said(error), code="provider_refused")
            await self._redeem(arrived, code, issuer)
        except ServiceError as refusal:
            said = refusal
            await self._database.write(lambda unit: self._refuse(unit, state, said))
            raise

    async def is_collected(self, state: str) -> bool:
        """Whether it was begun by a window, which gets what comes of it."""
        row = await self._database.read(lambda session: self._states.open_row(session, state))
        return bool(row.options["handle"])

    async def collect(self, state: str, handle: str, otp: str | None, address: str) -> ProviderAnswer:
        """Raises InvalidStateError, what was refused meanwhile, UnauthorizedError for the second factor (once
        signed in: InvalidError), TooFastError."""
        await self._database.read(lambda session: self._states.collected(session, state, handle))
        return await self.finish(state, otp, address)

    async def finish(self, state: str, otp: str | None, address: str) -> ProviderAnswer:
        row = await self._database.read(lambda session: self._states.open_row(session, state))
        options, user_id = row.options, row.user_id
        if refused := options.get("refused"):
            raise InvalidError(refused[1], code=refused[0])
        if user_id is None:
            return ProviderAnswer(False)
        purpose = Purpose(options["purpose"])
        if purpose is Purpose.SIGN_IN:
            session = await self._proof.of_vouched(
                user_id, address, lambda unit, user: self._sign_in(unit, user, state), otp=otp
            )
            return ProviderAnswer(True, session)
        if purpose is Purpose.LINK:
            await self._database.write(lambda unit: self._states.use_up(unit, state))
            return ProviderAnswer(True)
        try:
            await self._proof.of_vouched(
                user_id, address, lambda unit, _user: self._confirm(unit, state), otp=otp
            )
        except UnauthorizedError as error:
            # To a window that is signed in a 401 would say that its session is over.
            raise InvalidError(error.detail, code=error.code) from error
        return ProviderAnswer(True)

    async def of_person(self, person: Principal) -> OwnSignIns:
        name = self._settings.name
        issuer = await self._known_issuer() if name else ""

        def read(session: Session) -> OwnSignIns:
            user = live_user(session, person.user_id)
            identities = self._identities.of_user(session, user.id)
            step_up = bool(issuer) and self._identities.has_at(session, user.id, issuer)
            return OwnSignIns(user.password_hash is not None, name, step_up, identities)

        return await self._database.read(read)

    async def unlink(self, person: Principal, identity_id: int) -> None:
        """The person's other sessions end, and sign-ins that are under way: some may have begun that way.
        Raises NotFoundError, ConflictError."""

        def work(unit: Unit) -> None:
            self._identities.unlink(unit, person.user_id, identity_id)
            self._states.forget(unit, person.user_id)
            self._sessions.end_others(unit, person.user_id, person.token_id)

        await self._database.write(work)

    # ---- inside

    async def _known_issuer(self) -> str:
        try:
            return await self._client.issuer(self._settings.provider())
        except ConflictError:
            return ""

    def _refuse_stranger(self, unit: Unit, person: Principal, provider: Provider, issuer: str) -> None:
        if not self._identities.has_at(unit.session, person.user_id, issuer):
            raise ConflictError(
                f"{provider.name} does not know your account here: confirm with your password.",
                code="no_identity",
            )

    async def _redeem(self, arrived: Arrived, code: str, issuer: str) -> None:
        provider = self._settings.provider()
        if await self._client.issuer(provider) != arrived.issuer or issuer not in ("", arrived.issuer):
            raise InvalidError("Another provider answered than the one that was asked. Begin once more.")
        claims = await self._client.redeem(provider, arrived.request, code)
        person = _person(claims, provider)
        fresh = authenticated_since(claims, arrived.request.begun_s)
        await self._database.write(lambda unit: self._settle(unit, arrived, person, provider, fresh))

    def _settle(self, unit: Unit, arrived: Arrived, person: Person, provider: Provider, fresh: bool) -> None:
        state = arrived.request.state
        if arrived.purpose is Purpose.SIGN_IN:
            user = self._user(unit, person, provider)
        else:
            begun = self._states.open_row(unit.session, state).options
            if not self._sessions.is_open(unit.session, int(begun["token"])):
                # Whoever ended it wants nothing more of it, least of all another way in.
                raise InvalidError("The session that began this has ended. Sign in and begin once more.")
            user = self._same_user(unit, person, int(begun["person"]), arrived.purpose, provider)
        self._states.settle(unit, state, user.id, {_FRESH: fresh})

    def _user(self, unit: Unit, person: Person, provider: Provider) -> UserRow:
        user = self._identities.user_of(unit, person)
        if user is None and provider.new_user_role:
            return self._identities.make_user(unit, person, provider.new_user_role)
        if user is None or user.removed_at is not None:
            raise InvalidError("User not found", code=UNKNOWN_USER)
        if not user.is_active:
            raise InvalidError("This account is disabled. Ask an administrator.", code="inactive_user")
        return user

    def _same_user(
        self, unit: Unit, person: Person, begun_by: int, purpose: Purpose, provider: Provider
    ) -> UserRow:
        user = live_user(unit.session, begun_by)
        if purpose is Purpose.LINK:
            self._identities.link(unit, user, person)
            return user
        known = self._identities.user_of(unit, person)
        if known is None or known.id != begun_by:
            raise InvalidError(
                f"Somebody else is signed in at {provider.name}. Sign in there as yourself.",
                code="other_person",
            )
        return user

    def _sign_in(self, unit: Unit, user: UserRow, state: str) -> TokenAnswer:
        row = self._states.use_up(unit, state)
        how = f"through {self._settings.name or row.options['issuer']}"
        return self._login.begin(unit, user, how, confirmed=bool(row.options[_FRESH]))

    def _confirm(self, unit: Unit, state: str) -> None:
        row = self._states.use_up(unit, state)
        self._sessions.confirm(unit, int(row.options["token"]))

    def _refuse(self, unit: Unit, state: str, error: ServiceError) -> None:
        self._states.refuse(unit, state, error)
        entity = Entity("user", "", "")
        said = f"A sign-in through {self._settings.name or 'the provider'} was refused: {error.detail}"
        self._audit.record(unit, "auth.refused", ActionType.DENIED, entity, said)


def _person(claims: Claims, provider: Provider) -> Person:
    def text(name: str) -> str:
        value = claims.get(name)
        return value if isinstance(value, str) and value.isprintable() else ""

    return Person(claims["iss"], claims["sub"], text(provider.username_claim), text("email"), text("name"))


def _said(error: str) -> str:
    if error == "access_denied":
        return "The sign-in was given up, or the provider does not let you use this program."
    return f"The provider refused ({error[:60] if error.isascii() and error.isprintable() else 'no reason'})."
