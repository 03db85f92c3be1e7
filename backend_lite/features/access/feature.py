"""The manifest of access."""

from __future__ import annotations

from backend_lite.contract.live import API_TOKEN, ROLE, USER
from backend_lite.core.feature import Feature, Kernel
from backend_lite.core.http.rate_limits import FailureLimit
from backend_lite.core.live import LiveKind
from backend_lite.features.access.account_routes import rights_route, role_routes, user_routes
from backend_lite.features.access.accounts import Accounts
from backend_lite.features.access.after_restore import end_entries
from backend_lite.features.access.api import AccessApi
from backend_lite.features.access.api_tokens import ApiTokens
from backend_lite.features.access.desktop_forms import desktop_routes
from backend_lite.features.access.device_secrets import Credentials, DeviceSecrets
from backend_lite.features.access.form_routes import form_routes
from backend_lite.features.access.guesses import Guesses
from backend_lite.features.access.identities import Identities
from backend_lite.features.access.login import Login
from backend_lite.features.access.oidc_client import ProviderClient
from backend_lite.features.access.oidc_routes import BAD_STATES, oidc_routes
from backend_lite.features.access.oidc_settings import ProviderSettings
from backend_lite.features.access.oidc_sign_ins import ProviderSignIns
from backend_lite.features.access.oidc_states import States
from backend_lite.features.access.passwords import OwnPassword
from backend_lite.features.access.proof import Proof
from backend_lite.features.access.role_forms import role_form_routes
from backend_lite.features.access.roles import Roles
from backend_lite.features.access.routes import access_routes
from backend_lite.features.access.sdk import SdkSignIns, sdk_routes
from backend_lite.features.access.sealed_factors import SECOND_FACTORS
from backend_lite.features.access.second_factor import SecondFactor
from backend_lite.features.access.session_list import SessionList
from backend_lite.features.access.session_routes import second_factor_routes, session_routes
from backend_lite.features.access.sessions import FACTOR_DEMANDED, Sessions
from backend_lite.features.access.token_routes import token_routes
from backend_lite.features.access.tokens import TokensEnded, TokenStore
from backend_lite.features.access.users import UserChanged, Users


def build(kernel: Kernel) -> Feature:
    kernel.sealed_holders.add(SECOND_FACTORS)
    tokens = TokenStore(kernel.clock)
    users = Users(kernel.database, kernel.clock, tokens)
    sessions = Sessions(kernel.database, kernel.bus, kernel.clock, tokens, kernel.settings, kernel.master_key)
    # After the sessions: they have forgotten by then what they knew.
    for news in (TokensEnded, UserChanged):
        kernel.bus.subscribe(news, lambda _event: kernel.live.doubt())
    kernel.settings.on_change(FACTOR_DEMANDED, call=kernel.live.doubt)
    devices = DeviceSecrets(kernel.database, tokens)
    api_tokens = ApiTokens(kernel.database, kernel.clock, tokens, kernel.audit)
    roles = Roles(kernel.clock, kernel.audit, kernel.within, kernel.references)
    accounts = Accounts(kernel.database, kernel.clock, tokens, roles, kernel.audit)
    second_factor = SecondFactor(kernel.clock, kernel.master_key, sessions, kernel.audit)
    proof = Proof(kernel.database, Guesses(kernel.clock), second_factor, kernel.audit)
    login = Login(kernel.database, kernel.clock, tokens, sessions, proof, kernel.audit)
    own_password = OwnPassword(kernel.database, sessions, proof, kernel.audit)
    session_list = SessionList(tokens, sessions, kernel.audit)
    sdk = SdkSignIns(kernel.database, kernel.clock, tokens, kernel.audit)
    provider = ProviderSignIns(
        kernel.database,
        ProviderSettings(kernel.settings, lambda name: kernel.settings.secret(name, kernel.master_key.open)),
        ProviderClient(kernel.outgoing, kernel.clock),
        States(kernel.clock),
        Identities(kernel.clock, accounts, roles, kernel.audit),
        login,
        sessions,
        proof,
        kernel.audit,
    )
    return Feature(
        name="access",
        routes=lambda: [
            *access_routes(users, login, kernel.settings, kernel.launch_secret),
            *form_routes(kernel.database, login),
            *session_routes(kernel.database, session_list, login, own_password),
            *second_factor_routes(kernel.database, second_factor),
            *token_routes(kernel.database, api_tokens),
            *user_routes(kernel.database, accounts),
            *role_routes(kernel.database, roles),
            rights_route(),
            *role_form_routes(kernel.database, roles, accounts),
            *desktop_routes(kernel.database, accounts, api_tokens),
            *sdk_routes(sdk),
            *oidc_routes(
                kernel.database, provider, FailureLimit(kernel.clock, BAD_STATES), kernel.launch_secret
            ),
        ],
        live={
            USER: LiveKind("users:view", lambda: kernel.database.read(accounts.all)),
            ROLE: LiveKind("roles:view", lambda: kernel.database.read(roles.all)),
            API_TOKEN: LiveKind("tokens:view", lambda: kernel.database.read(api_tokens.all)),
        },
        restored=end_entries,
        start=sessions.start,
        stop=sessions.stop,
        api=AccessApi(
            tokens,
            users,
            login,
            sessions,
            Credentials(sessions, devices, api_tokens),
            devices,
            accounts,
            api_tokens,
        ),
    )
