"""Every setting there is, declared once: the checks, the pages of the window and the help are made of this.

A setting stands here when something reads it, by `Kernel.settings`. Its `help` says when a change holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backend_lite.contract.runs import DEFAULT_TIMEOUT_S, MAX_TIMEOUT_S
from backend_lite.contract.settings import SettingType, SettingValue

CUSTOM = "custom"
LONG_TEXT = 4_000


@dataclass(frozen=True)
class Group:
    name: str
    title: str
    help: str


@dataclass(frozen=True)
class Declared:
    """`least` and `most` limit a number's value, a text's length in characters, and a list's length. A
    number whose default is whole is whole. `needs` is another `group.key` that must be true for this one
    to count. `step_up`: changed only by a person who gave the password just now; `owners_only`: and who is an
    owner, for whoever decides who is let in could let themselves in as anybody. `https`: a text that is empty
    or such an address."""

    group: str
    key: str
    type: SettingType
    default: SettingValue
    title: str
    help: str
    least: float | None = None
    most: float | None = None
    unit: str = ""
    choices: tuple[str, ...] = ()
    needs: str = ""
    step_up: bool = False
    owners_only: bool = False
    https: bool = False

    @property
    def name(self) -> str:
        return f"{self.group}.{self.key}"

    @property
    def is_whole(self) -> bool:
        return self.type is SettingType.NUMBER and isinstance(self.default, int)


def _text(
    group: str, key: str, title: str, help_: str, default: str = "", *, most: int = 200, **more: Any
) -> Declared:
    return Declared(group, key, SettingType.TEXT, default, title, help_, most=most, **more)


def _number(
    group: str,
    key: str,
    title: str,
    help_: str,
    default: float,
    least: float,
    most: float,
    unit: str = "",
    **more: Any,
) -> Declared:
    kind = SettingType.NUMBER
    return Declared(group, key, kind, default, title, help_, least=least, most=most, unit=unit, **more)


def _secret(group: str, key: str, title: str, help_: str, **more: Any) -> Declared:
    guarded = {"step_up": True} | more
    return Declared(group, key, SettingType.SECRET, "", title, help_, most=LONG_TEXT, **guarded)


def _flag(group: str, key: str, title: str, help_: str, *, default: bool, **more: Any) -> Declared:
    return Declared(group, key, SettingType.BOOLEAN, default, title, help_, **more)


def _choice(group: str, key: str, title: str, help_: str, *choices: str, **more: Any) -> Declared:
    """The first choice is the default."""
    return Declared(group, key, SettingType.CHOICE, choices[0], title, help_, choices=choices, **more)


_LETS_IN: dict[str, Any] = {"step_up": True, "owners_only": True}

GROUPS = (
    Group("general", "General", "What this service is called."),
    Group("security", "Security", "Sessions, approvals, and how long the audit is kept."),
    Group("jobs", "Jobs", "How work on devices is carried out where nobody says otherwise."),
    Group("email", "Email", "The mail server that messages are sent through."),
    Group("logging", "Logging", "What the service writes into its own log."),
    Group("assistant", "Assistant", "The language model that helps to write scripts."),
    Group(
        "oidc",
        "Sign-in provider",
        "Signing in through an OpenID Connect provider, such as Entra ID, Keycloak or Authentik. Register "
        "DeployFlow there with the redirect address below. Only an owner changes these, and confirms it.",
    ),
    Group(CUSTOM, "Custom", "Values that other programs keep here. DeployFlow itself reads none of them."),
)

DECLARED = (
    _text(
        "general",
        "service_name",
        "Name of this service",
        "The window shows it, and the service's health address says it, so that people and programs with "
        "several services can tell them apart. Holds at once.",
        "DeployFlow",
        least=1,
        most=60,
    ),
    _number(
        "security",
        "session_idle_hours",
        "Sessions end when unused for",
        "Holds at once, for sessions that are open too.",
        12,
        1,
        720,
        "hours",
        step_up=True,
    ),
    _number(
        "security",
        "session_days",
        "Sessions end at the latest after",
        "Holds for sessions that begin from now on.",
        30,
        1,
        365,
        "days",
        step_up=True,
    ),
    _number(
        "security",
        "lock_minutes",
        "The window locks itself after",
        "So long without keyboard or mouse; then it shows nothing until its person gives the password. What "
        "runs goes on. 0: never. Holds at once.",
        15,
        0,
        1440,
        "minutes",
        step_up=True,
    ),
    _flag(
        "security",
        "local_sign_in",
        "Sign in on this PC without a password",
        "The window on the service's own machine opens as the owner, for the account that the service runs "
        "as. Switched off, it asks for name and password at every start: only then is a locked window also "
        "safe from being closed and opened anew. Commands of that account go on as before: a lost password "
        "is mended there with reset-password. Holds for the next sign-in.",
        default=True,
        step_up=True,
    ),
    _flag(
        "security",
        "second_factor",
        "Everybody needs a second factor",
        "Who signs in without one, with the password or through a provider, has no rights until it is set up "
        "under My account, and the window on the service's own PC asks for name and password. Commands of "
        "the account that the service runs as, and tokens of programs, go on as before. Holds at once, for "
        "sessions that are open too, where the service can keep secrets.",
        default=False,
        step_up=True,
    ),
    _number(
        "security",
        "audit_retention_days",
        "Events of the audit stay listed for",
        "Older ones go into sealed files in the data folder, which the check of the audit still reads. "
        "0 keeps all of them listed. Holds within six hours.",
        0,
        0,
        36_500,
        "days",
        step_up=True,
    ),
    _number(
        "security",
        "confirm_above",
        "The number of devices has to be typed above",
        "When groups or a query bring more devices than this into one piece of work, whoever starts it gives "
        "their number, and a person at the window the password. 0: never. Holds at once.",
        100,
        0,
        1_000_000,
        "devices",
        step_up=True,
    ),
    _number(
        "security",
        "approve_above",
        "A second person has to approve above",
        "Work on more devices than this waits until somebody else with the right to approve rollouts has "
        "approved it. 0: never. Holds for work that is asked for from now on.",
        0,
        0,
        1_000_000,
        "devices",
        step_up=True,
    ),
    _number(
        "security",
        "approval_hours",
        "Approvals are waited for",
        "Work that nobody approves in this time is cancelled, and in any case when it would have expired. "
        "Holds for work that is asked for from now on.",
        72,
        1,
        720,
        "hours",
        step_up=True,
    ),
    _choice(
        "security",
        "dangerous_work",
        "Scripts with dangerous commands",
        "show: the preview says what is dangerous in them. confirm: whoever starts one also gives the number "
        "of devices, however few. approve: it waits for a second person. Holds for work that is asked for "
        "from now on.",
        "show",
        "confirm",
        "approve",
        step_up=True,
    ),
    _number(
        "security",
        "destructive_per_hour",
        "Destructive steps that may start in an hour",
        "Over all devices together: uninstalling, undoing, removing agents, and scripts that delete or wipe "
        "without limits. More of them wait for their turn and go on by themselves. 0: as many as there are. "
        "Holds at once for what starts from now on.",
        100,
        0,
        1_000_000,
        "steps",
        step_up=True,
    ),
    _number(
        "jobs",
        "default_timeout_s",
        "Time limit of work without one of its own",
        "Holds for scripts that are made from now on, and for commands that are sent from now on.",
        DEFAULT_TIMEOUT_S,
        1,
        MAX_TIMEOUT_S,
        "seconds",
    ),
    _text(
        "email",
        "host",
        "Mail server",
        "Name or address of the server that takes mail. Empty: no mail is sent. Holds for the next message.",
        # The password that is kept goes there.
        step_up=True,
    ),
    _number("email", "port", "Port", "Mostly 587; 465 with TLS from the start.", 587, 1, 65535),
    _choice(
        "email",
        "tls",
        "Encryption",
        "starttls asks for it after connecting, tls has it from the start. The server's certificate is "
        "always checked. none is for a server on this machine or in a closed network, and sends no password.",
        "starttls",
        "tls",
        "none",
    ),
    _text("email", "user", "User name", "Empty where the server asks for none."),
    _secret("email", "password", "Password", "Kept encrypted, and shown to nobody again."),
    _text("email", "sender", "From", "The address that messages come from, such as deployflow@example.com."),
    _choice(
        "logging",
        "level",
        "Write down",
        "The least important lines that are still written. Holds at once.",
        "info",
        "debug",
        "warning",
        "error",
    ),
    _secret("assistant", "api_key", "API key", "Kept encrypted, and shown to nobody again."),
    _text("assistant", "model", "Model", "As the provider calls it.", "gpt-3.5-turbo", least=1, most=100),
    _number(
        "assistant", "answer_limit", "Longest answer", "How much it may write at once.", 1000, 1, 100_000,
        "tokens",
    ),
    _number(
        "assistant", "temperature", "Freedom", "0 always chooses the likeliest word.", 0.7, 0.0, 2.0
    ),
    _text(
        "assistant",
        "system_prompt",
        "Instructions",
        "What it is told before every question.",
        most=LONG_TEXT,
    ),
    _flag(
        "oidc",
        "enabled",
        "Sign in through a provider",
        "Shows the button on the sign-in page, once address and client id are there. Holds at once.",
        default=False,
        **_LETS_IN,
    ),
    _text(
        "oidc",
        "name",
        "Name of the provider",
        "What the button calls it. Empty: the host of its address.",
        most=60,
        needs="oidc.enabled",
        **_LETS_IN,
    ),
    _text(
        "oidc",
        "issuer",
        "Address of the provider",
        "Its issuer, beginning with https, such as https://login.example.org/realms/main. It may lie in your "
        "own network, but not on this machine. Its certificate must be one that this machine trusts.",
        most=400,
        https=True,
        needs="oidc.enabled",
        **_LETS_IN,
    ),
    _text(
        "oidc",
        "client_id",
        "Client id",
        "As the provider calls this program.",
        needs="oidc.enabled",
        **_LETS_IN,
    ),
    _secret(
        "oidc",
        "client_secret",
        "Client secret",
        "Kept encrypted, and shown to nobody again. Empty for a public client: PKCE is always used.",
        needs="oidc.enabled",
        **_LETS_IN,
    ),
    _text(
        "oidc",
        "scopes",
        "Scopes",
        "What is asked of the provider, separated by spaces; openid always is.",
        "openid profile email",
        needs="oidc.enabled",
        **_LETS_IN,
    ),
    _text(
        "oidc",
        "redirect_uri",
        "Redirect address",
        "Where the provider sends the browser back to. Empty: this service on this machine, "
        "http://127.0.0.1:PORT/api/auth/oidc/callback; PORT stays the same where the service is started with "
        "--admin-port.",
        most=400,
        needs="oidc.enabled",
        **_LETS_IN,
    ),
    _text(
        "oidc",
        "new_user_role",
        "Role of people who are new",
        "The name of a role: who comes for the first time gets an account with it. Empty: only people who "
        "have an account are let in.",
        most=100,
        needs="oidc.enabled",
        **_LETS_IN,
    ),
    _text(
        "oidc",
        "username_claim",
        "Claim with the user name",
        "By what the provider calls people; it only names new accounts and never decides who somebody is.",
        "preferred_username",
        least=1,
        most=100,
        needs="oidc.enabled",
        **_LETS_IN,
    ),
)  # fmt: skip

BY_NAME = {one.name: one for one in DECLARED}
GROUP_NAMES = tuple(group.name for group in GROUPS)
