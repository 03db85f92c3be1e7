"""The assistant's settings at the documented addresses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Request, get, post, put
from litestar.params import JSONBody

from backend_lite.contract.common import Message
from backend_lite.contract.settings import (
    MASKED,
    SETTINGS_LIST,
    AssistantConfig,
    AssistantKey,
    AssistantState,
    AssistantTest,
)
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import USER
from backend_lite.errors import InvalidError
from backend_lite.features.settings.api import SettingsApi

AnyRequest = Request[Any, Any, Any]
VIEW, EDIT = "settings:view", "settings:edit"
_CONFIG = f"{SETTINGS_LIST}/chatgpt/config"
_GROUP, _KEY = "assistant", "assistant.api_key"
_PREFIX = "sk-"
_LEAST_KEY = 20


def assistant_routes(settings: SettingsApi) -> Sequence[Route]:
    @get(_CONFIG, permission=VIEW, audience=USER)
    async def assistant_config() -> AssistantConfig:
        """The key is masked."""
        values = settings.values
        return AssistantConfig(
            api_key=MASKED if values.is_set(_KEY) else "",
            model=values.text("assistant.model"),
            max_tokens=values.whole("assistant.answer_limit"),
            temperature=values.number("assistant.temperature"),
            system_prompt=values.text("assistant.system_prompt") or None,
        )

    @post(_CONFIG, status_code=200, permission=EDIT, audience=USER)
    async def assistant_config_put(request: AnyRequest, data: JSONBody[AssistantConfig]) -> Message:
        """A masked key leaves the one that is stored."""
        values = {
            "api_key": data.api_key,
            "model": data.model,
            "answer_limit": data.max_tokens,
            "temperature": data.temperature,
            "system_prompt": data.system_prompt,
        }
        await settings.change_plain(_GROUP, values, None, request.user)
        return Message("ChatGPT configuration saved successfully")

    @put(SETTINGS_LIST, permission=EDIT, audience=USER)
    async def assistant_key_put(request: AnyRequest, data: JSONBody[AssistantKey]) -> Message:
        """Only the key."""
        await settings.change_plain(_GROUP, {"api_key": data.openai_api_key}, None, request.user)
        return Message("Settings updated successfully")

    @post(f"{SETTINGS_LIST}/chatgpt/test", status_code=200, permission=EDIT, audience=USER)
    async def assistant_test() -> AssistantTest:
        """Whether the key has the form of one; nobody is called."""
        key = settings.secret(_KEY)
        if not key:
            raise InvalidError("ChatGPT API key not configured", code="no_api_key")
        if not key.startswith(_PREFIX) or len(key) < _LEAST_KEY or any(char.isspace() for char in key):
            raise InvalidError("Invalid API key format", code="invalid_api_key")
        return AssistantTest(True, "The API key has the right form. The provider was not asked about it.")

    @post(f"{SETTINGS_LIST}/reload-ai-service", status_code=200, permission=EDIT, audience=USER)
    async def assistant_reload() -> AssistantState:
        """Settings hold at once: there is nothing to load anew."""
        ready = settings.values.is_set(_KEY)
        said = "An API key is stored." if ready else "No API key is stored."
        return AssistantState(True, ready, f"{said} Changed settings hold at once, without a reload.")

    return [assistant_config, assistant_config_put, assistant_key_put, assistant_test, assistant_reload]
