"""The documented settings: groups as objects, the list of keys, and the assistant's own addresses."""

from typing import Any

import pytest

from backend_lite.contract.settings import MASKED
from tests.backend.settings.conftest import key_file, keyed, with_key
from tests.helpers.service import InProcess

__all__ = ["key_file", "keyed", "with_key"]
pytestmark = pytest.mark.anyio

LIST = "/api/v1/settings"


async def ask(service: InProcess, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    signed_in = await service.sign_in()
    answer = await service.client.request(method, path, json=body, headers=signed_in)
    return answer.status_code, answer.json()


async def test_the_groups_are_plain_objects(service: InProcess) -> None:
    status, groups = await ask(service, "GET", "/api/settings")
    assert status == 200
    assert {"general", "security", "jobs", "email", "logging"} <= set(groups)
    assert groups["security"]["session_idle_hours"] == 12
    assert await ask(service, "GET", "/api/settings/security") == (200, groups["security"])


async def test_a_group_takes_free_keys_and_keeps_their_type(service: InProcess) -> None:
    free = {"motd": "Hello", "retries": 3, "ratio": 0.5, "beta": True, "names": ["a", "b"]}
    status, stored = await ask(service, "PUT", "/api/settings/general", free)
    assert (status, stored) == (200, {"service_name": "DeployFlow"} | free)
    assert (await ask(service, "GET", "/api/settings/general/"))[1] == stored
    for key, wrong in (("retries", "3"), ("motd", 3), ("beta", 1), ("ratio", {"a": 1})):
        assert (await ask(service, "PUT", "/api/settings/general", {key: wrong}))[0] == 400
    assert (await ask(service, "GET", "/api/settings/general"))[1] == stored


async def test_what_was_read_can_be_written_back(service: InProcess) -> None:
    _, groups = await ask(service, "GET", "/api/settings")
    for name, group in groups.items():
        assert await ask(service, "PUT", f"/api/settings/{name}", group) == (200, group)
    assert (await ask(service, "GET", LIST))[1] == []


@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_an_unknown_group_is_refused_as_documented(service: InProcess, method: str) -> None:
    status, body = await ask(service, method, "/api/settings/nothing", {} if method == "PUT" else None)
    assert (status, body["detail"]) == (400, "Unknown settings group")


async def test_the_list_of_keys(service: InProcess) -> None:
    made = {"key": "motd", "value": "Hello", "description": "Of the day"}
    status, stored = await ask(service, "POST", f"{LIST}/", made)
    assert (status, set(stored)) == (
        200,
        {"key", "value", "description", "is_encrypted", "created_at", "updated_at"},
    )
    assert {name: stored[name] for name in made} == made and stored["is_encrypted"] is False
    assert await ask(service, "GET", f"{LIST}/") == (200, [stored])
    assert await ask(service, "GET", f"{LIST}/motd") == (200, stored)
    assert (await ask(service, "POST", LIST, {"key": "motd", "value": "Bye"}))[1][
        "description"
    ] == "Of the day"
    deleted = await ask(service, "DELETE", f"{LIST}/motd")
    assert deleted == (200, {"message": "Setting deleted successfully"})
    for method in ("GET", "DELETE"):
        status, body = await ask(service, method, f"{LIST}/motd")
        assert (status, body["detail"]) == (404, "Setting not found")


async def test_the_list_names_declared_settings_by_group_and_key(service: InProcess) -> None:
    name = "security.session_idle_hours"
    assert (await ask(service, "POST", LIST, {"key": name, "value": "4"}))[1]["value"] == "4"
    assert service.kernel.settings.whole(name) == 4
    for wrong in ("0", "often"):
        status, body = await ask(service, "POST", LIST, {"key": name, "value": wrong})
        assert (status, "from 1 to 720 hours" in body["detail"]) == (400, True)
    assert (await ask(service, "POST", LIST, {"key": name, "value": "12"}))[0] == 200
    assert (await ask(service, "GET", LIST))[1] == []


async def test_a_listed_secret_is_masked(keyed: InProcess) -> None:
    secret = {"key": "their_api_key", "value": "canary", "is_encrypted": True}
    status, stored = await ask(keyed, "POST", LIST, secret)
    assert (status, stored["value"], stored["is_encrypted"]) == (200, MASKED, True)
    assert len(MASKED) == 20
    assert (await ask(keyed, "POST", LIST, {"key": "their_api_key", "value": "other"}))[1]["value"] == MASKED
    assert "canary" not in str(await ask(keyed, "GET", LIST))


async def test_a_listed_secret_needs_a_master_key(service: InProcess) -> None:
    status, body = await ask(service, "POST", LIST, {"key": "x", "value": "y", "is_encrypted": True})
    assert (status, body["code"], "--key-file" in body["detail"]) == (409, "no_master_key", True)


async def test_the_assistants_configuration(keyed: InProcess) -> None:
    config = f"{LIST}/chatgpt/config"
    assert await ask(keyed, "GET", config) == (
        200,
        {
            "api_key": "",
            "model": "gpt-3.5-turbo",
            "max_tokens": 1000,
            "temperature": 0.7,
            "system_prompt": None,
        },
    )
    wanted = {"api_key": "sk-" + 30 * "x", "model": "gpt-4o-mini", "temperature": 0.1}
    saved = await ask(keyed, "POST", config, wanted)
    assert saved == (200, {"message": "ChatGPT configuration saved successfully"})
    _, shown = await ask(keyed, "GET", config)
    assert (shown["api_key"], shown["model"], shown["temperature"]) == (MASKED, "gpt-4o-mini", 0.1)
    assert (await ask(keyed, "POST", config, shown))[0] == 200
    assert keyed.feature("settings").api.secret("assistant.api_key") == wanted["api_key"]


async def test_the_assistants_key_is_tried_by_its_form(keyed: InProcess) -> None:
    test, reload = f"{LIST}/chatgpt/test", f"{LIST}/reload-ai-service"
    status, body = await ask(keyed, "POST", test)
    assert (status, body["detail"]) == (400, "ChatGPT API key not configured")
    assert (await ask(keyed, "POST", reload))[1]["available"] is False
    await ask(keyed, "PUT", LIST, {"openai_api_key": "no key"})
    status, body = await ask(keyed, "POST", test)
    assert (status, body["detail"]) == (400, "Invalid API key format")
    assert (await ask(keyed, "PUT", f"{LIST}/", {"openai_api_key": "sk-" + 30 * "x"}))[0] == 200
    status, body = await ask(keyed, "POST", test)
    assert (status, body["success"], "was not asked" in body["message"]) == (200, True, True)
    assert (await ask(keyed, "POST", reload))[1]["available"] is True
