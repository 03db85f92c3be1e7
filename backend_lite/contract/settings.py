"""Settings: declared once; the service validates them, the window makes its pages from them."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, field

from backend_lite.contract.common import Time

SETTINGS = "/api/settings"
"""The documented groups: GET all, GET and PUT SETTINGS/{group} with a free object."""
SETTINGS_LIST = "/api/v1/settings"
"""The documented list of keys and values: GET, POST, and GET, DELETE SETTINGS_LIST/{key}."""
SETTING_FORMS = "/api/v1/setting-forms"
"""GET, and GET, PUT SETTING_FORMS/{group}: an object of keys and values, where null takes a setting back to
its default and MASKED leaves a secret as it is. ETag and If-Match go by the group's version."""
TEST_MAIL = "/api/v1/test-mail"
MASTER_KEY = "/api/v1/master-key"
MASKED = "********************"

SettingValue = str | int | float | bool | list[str]


class SettingType(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    LIST = "list"
    SECRET = "secret"  # noqa: S105


class ServiceFacts(Struct):
    """What every signed-in person may know of the settings: the one object of the live kind `service`. The
    window locks itself after so many idle minutes, 0: never."""

    name: str
    lock_minutes: int
    local_sign_in: bool
    id: int = 1


class SettingForm(Struct):
    """A declared setting with its value. A secret's value is MASKED or empty. `least` and `most` limit a
    number, in `unit`, and the length of a text; a number with a whole default is whole. `needs` names another
    setting, as `group.key`, that must be true for this one to count."""

    group: str
    key: str
    type: SettingType
    title: str
    help: str
    default: SettingValue
    value: SettingValue
    choices: list[str] = field(default_factory=list)
    least: float | None = None
    most: float | None = None
    unit: str = ""
    needs: str = ""
    changed_by: str = ""
    changed_at: Time | None = None


class SettingGroup(Struct):
    """GET SETTING_FORMS is a page of the groups in their order; `custom` has what was stored without a
    declaration, in whichever group."""

    name: str
    title: str
    help: str
    settings: list[SettingForm]
    version: int


class ListedSetting(Struct):
    """The documented form of SETTINGS_LIST."""

    key: str
    value: str
    description: str | None
    is_encrypted: bool
    created_at: Time
    updated_at: Time


class ListedSettingCreate(Struct):
    key: str
    value: str
    description: str | None = None
    is_encrypted: bool = False


class MasterKeyState(Struct):
    """GET MASTER_KEY: `source` is `key_file` (then `place` is its path), `keyring` or `none`; with `none` no
    secret can be stored, and `problem` says how to mend it. POST MASTER_KEY/rotate encrypts all `secrets`
    anew; answers this, too."""

    source: str
    problem: str
    secrets: int
    rotated_at: Time | None
    place: str = ""


class AssistantConfig(Struct):
    """The documented form of the assistant's settings: POST and GET SETTINGS_LIST/chatgpt/config. The key
    comes back as MASKED, or empty where none is set."""

    api_key: str
    model: str = "gpt-3.5-turbo"
    max_tokens: int = 1000
    temperature: float = 0.7
    system_prompt: str | None = None


class AssistantKey(Struct):
    """PUT SETTINGS_LIST, as documented."""

    openai_api_key: str


class AssistantTest(Struct):
    success: bool
    message: str


class AssistantState(Struct):
    success: bool
    available: bool
    message: str


class MailTest(Struct):
    """POST TEST_MAIL sends a message with the settings of `email` as they are stored; answers a Message."""

    to: str
