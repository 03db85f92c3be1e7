"""Settings and the master key at our own addresses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Request, Response, get, post, put
from litestar.params import FromPath, JSONBody

from backend_lite.contract.common import Message, Page
from backend_lite.contract.settings import (
    MASTER_KEY,
    SETTING_FORMS,
    TEST_MAIL,
    MailTest,
    MasterKeyState,
    SettingGroup,
)
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import USER
from backend_lite.core.versions import etag, version_wanted
from backend_lite.features.settings import reading
from backend_lite.features.settings.api import SettingsApi
from backend_lite.features.settings.mail import Mail
from backend_lite.features.settings.master_keys import MasterKeys

AnyRequest = Request[Any, Any, Any]
VIEW, EDIT = "settings:view", "settings:edit"
_ONE = f"{SETTING_FORMS}/{{group:str}}"


def form_routes(settings: SettingsApi, mail: Mail) -> Sequence[Route]:
    @get(SETTING_FORMS, permission=VIEW, audience=USER)
    async def setting_forms() -> Page[SettingGroup]:
        """Every group with its settings, what they mean and what they are; secrets are masked."""
        return Page(await settings.read(reading.forms))

    @get(_ONE, permission=VIEW, audience=USER)
    async def setting_form(group: FromPath[str]) -> Response[SettingGroup]:
        return _form(await settings.read(lambda session: reading.form_of(session, group)))

    @put(_ONE, permission=EDIT, audience=USER)
    async def setting_form_put(
        request: AnyRequest, group: FromPath[str], data: JSONBody[dict[str, Any]]
    ) -> Response[SettingGroup]:
        """Change those that are named: all of them, or none where one is wrong."""
        version = version_wanted(request.headers.get("if-match"))
        return _form(await settings.change_form(group, data, version, request.user))

    @post(TEST_MAIL, status_code=200, permission=EDIT, audience=USER)
    async def test_mail(data: JSONBody[MailTest]) -> Message:
        """Send a message with the mail server of the settings."""
        await mail.send(data.to, "A test message of DeployFlow", "The settings of the mail server are right.")
        return Message(f"The mail server took a message for {data.to}.")

    return [setting_forms, setting_form, setting_form_put, test_mail]


def master_key_routes(settings: SettingsApi, keys: MasterKeys) -> Sequence[Route]:
    @get(MASTER_KEY, permission=VIEW, audience=USER)
    async def master_key() -> MasterKeyState:
        """Where the key that secrets are encrypted with lies, and what to do where there is none."""
        return await settings.read(keys.state)

    @post(f"{MASTER_KEY}/rotate", status_code=200, permission=EDIT, audience=USER, step_up=True)
    async def master_key_rotate() -> MasterKeyState:
        """Encrypt every secret anew with a new key. Secrets in older backups need the recovery kit that was
        made with them."""
        return await keys.rotate()

    return [master_key, master_key_rotate]


def _form(group: SettingGroup) -> Response[SettingGroup]:
    return Response(group, headers=etag(group.version))
