"""Settings over our own addresses: forms, changes, secrets, versions, the audit, and who reads them."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from backend_lite.contract.accounts import STEP_UP_S
from backend_lite.contract.settings import MASKED, SETTING_FORMS
from backend_lite.core.security.master_key import NO_KEY
from tests.backend.settings.conftest import start
from tests.helpers.service import InProcess, in_process

pytestmark = pytest.mark.anyio

CANARY = "canary-of-this-test"


async def put(service: InProcess, group: str, values: dict[str, Any], **headers: str) -> Any:
    signed_in = await service.sign_in() | headers
    return await service.client.put(f"{SETTING_FORMS}/{group}", json=values, headers=signed_in)


async def form(service: InProcess, group: str) -> dict[str, Any]:
    answer = await service.client.get(f"{SETTING_FORMS}/{group}", headers=await service.sign_in())
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found | {"by_key": {one["key"]: one for one in found["settings"]}}


async def last_event(service: InProcess) -> dict[str, Any]:
    signed_in = await service.sign_in()
    query = {"entity_type": "settings"}
    found = (await service.client.get("/api/audit", params=query, headers=signed_in)).json()["items"][0]
    whole: dict[str, Any] = (await service.client.get(f"/api/audit/{found['id']}", headers=signed_in)).json()
    return whole


async def test_the_forms_have_every_group_with_what_it_means(service: InProcess) -> None:
    answer = await service.client.get(SETTING_FORMS, headers=await service.sign_in())
    groups = {group["name"]: group for group in answer.json()["items"]}
    assert list(groups)[:6] == ["general", "security", "jobs", "email", "logging", "assistant"]
    idle = next(one for one in groups["security"]["settings"] if one["key"] == "session_idle_hours")
    assert (idle["value"], idle["least"], idle["unit"], idle["changed_at"]) == (12, 1, "hours", None)


async def test_a_change_holds_at_once_and_is_told(service: InProcess) -> None:
    heard: list[int] = []
    values = service.kernel.settings
    values.on_change(
        "security.session_idle_hours",
        call=lambda: heard.append(values.whole("security.session_idle_hours")),
    )
    answer = await put(service, "security", {"session_idle_hours": 3})
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    assert heard == [3]
    shown = (await form(service, "security"))["by_key"]["session_idle_hours"]
    assert (shown["value"], shown["default"], shown["changed_by"]) == (3, 12, "ada")
    event = await last_event(service)
    assert json.loads(event["before_data"]) == {"session_idle_hours": 12}
    assert json.loads(event["after_data"]) == {"session_idle_hours": 3}
    await put(service, "jobs", {"default_timeout_s": 60})
    assert heard == [3]


async def test_null_and_the_default_take_a_setting_back(service: InProcess) -> None:
    for back in (None, 12):
        await put(service, "security", {"session_idle_hours": 3})
        await put(service, "security", {"session_idle_hours": back})
        shown = (await form(service, "security"))["by_key"]["session_idle_hours"]
        assert (shown["value"], shown["changed_at"]) == (12, None)
        assert service.kernel.settings.whole("security.session_idle_hours") == 12


async def test_what_changes_nothing_is_not_told(service: InProcess) -> None:
    await put(service, "security", {"session_idle_hours": 3})
    again = await put(service, "security", {"session_idle_hours": 3, "session_days": 30})
    assert again.json()["version"] == 2


async def test_of_several_changes_with_one_mistake_none_is_kept(service: InProcess) -> None:
    answer = await put(service, "security", {"session_days": 5, "session_idle_hours": 0})
    assert answer.status_code == 400
    assert answer.json()["detail"] == (
        "Sessions end when unused for (security.session_idle_hours) is a whole number from 1 to 720 hours."
    )
    assert service.kernel.settings.whole("security.session_days") == 30
    assert (await form(service, "security"))["version"] == 1


async def test_nobody_overwrites_what_somebody_changed_meanwhile(service: InProcess) -> None:
    await put(service, "jobs", {"default_timeout_s": 60}, **{"If-Match": '"1"'})
    late = await put(service, "jobs", {"default_timeout_s": 90}, **{"If-Match": '"1"'})
    assert (late.status_code, late.json()["code"]) == (409, "stale")
    assert "default_timeout_s" in late.json()["detail"]
    other = await put(service, "email", {"port": 25}, **{"If-Match": '"1"'})
    assert other.status_code == 200


async def test_an_unknown_group_is_not_found(service: InProcess) -> None:
    answer = await put(service, "nothing", {"x": 1})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_group")


async def test_without_a_master_key_no_secret_is_stored_and_the_way_out_is_named(service: InProcess) -> None:
    answer = await put(service, "email", {"host": "mail", "password": CANARY})
    assert answer.status_code == 409
    assert answer.json() == {"detail": NO_KEY, "code": "no_master_key"}
    assert service.kernel.settings.text("email.host") == ""


async def test_a_secret_is_masked_everywhere_and_lies_nowhere_in_plain(
    keyed: InProcess, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answers = [await put(keyed, "email", {"password": CANARY}), await put(keyed, "email", {"port": 25})]
    signed_in = await keyed.sign_in()
    for path in (SETTING_FORMS, "/api/settings", "/api/settings/email", "/api/v1/settings", "/api/audit"):
        answers.append(await keyed.client.get(path, headers=signed_in))
    assert [answer.status_code for answer in answers] == [200] * len(answers)
    assert CANARY not in "".join(answer.text for answer in answers)
    assert (await form(keyed, "email"))["by_key"]["password"]["value"] == MASKED
    assert keyed.feature("settings").api.secret("email.password") == CANARY
    assert CANARY not in caplog.text
    for file in keyed.kernel.config.data.root.rglob("*"):
        assert not file.is_file() or CANARY.encode() not in file.read_bytes(), file


async def test_a_secret_is_left_replaced_and_cleared(keyed: InProcess) -> None:
    secret = keyed.feature("settings").api.secret
    await put(keyed, "assistant", {"api_key": "one"})
    await put(keyed, "assistant", {"api_key": MASKED, "model": "x"})
    assert secret("assistant.api_key") == "one"
    await put(keyed, "assistant", {"api_key": "two"})
    assert secret("assistant.api_key") == "two"
    event = await last_event(keyed)
    assert "two" not in json.dumps(event) and "API key" in event["summary"]
    await put(keyed, "assistant", {"api_key": ""})
    assert secret("assistant.api_key") == ""
    assert not keyed.kernel.settings.is_set("assistant.api_key")


async def test_settings_are_there_again_after_a_start(with_key: None, tmp_path: Path, migrated: Path) -> None:
    async with in_process(tmp_path / "again", migrated) as first:
        await put(first, "general", {"service_name": "Lab", "theirs": 5})
        await put(first, "email", {"password": CANARY})
    async with in_process(tmp_path / "again", migrated) as second:
        assert second.kernel.settings.text("general.service_name") == "DeployFlow"
        await start(second)
        assert second.kernel.settings.text("general.service_name") == "Lab"
        assert (await form(second, "custom"))["by_key"]["general.theirs"]["value"] == 5
        assert second.feature("settings").api.secret("email.password") == CANARY


async def test_what_nobody_declared_shows_under_custom(service: InProcess) -> None:
    await put(service, "custom", {"colour": "red", "general.theirs": 5})
    shown = (await form(service, "custom"))["by_key"]
    assert {key: one["value"] for key, one in shown.items()} == {"colour": "red", "general.theirs": 5}
    wrong = await put(service, "custom", {"general.theirs": "five"})
    assert (wrong.status_code, "stays that" in wrong.json()["detail"]) == (400, True)
    await put(service, "custom", {"general.theirs": None})
    assert list((await form(service, "custom"))["by_key"]) == ["colour"]


async def test_the_log_writes_what_the_setting_says_at_once(service: InProcess) -> None:
    ours, others = logging.getLogger("backend_lite"), logging.getLogger()
    before = ours.level, others.level
    try:
        await put(service, "logging", {"level": "debug"})
        assert (ours.level, others.level) == (logging.DEBUG, logging.INFO)
        await put(service, "logging", {"level": "error"})
        assert (ours.level, others.level) == (logging.ERROR, logging.ERROR)
    finally:
        ours.setLevel(before[0])
        others.setLevel(before[1])


@pytest.mark.parametrize(
    ("path", "method", "body"),
    [
        (f"{SETTING_FORMS}/email", "PUT", {"host": "mail.attacker.example"}),
        ("/api/settings/email", "PUT", {"host": "mail.attacker.example"}),
        ("/api/v1/settings", "POST", {"key": "email.host", "value": "mail.attacker.example"}),
        ("/api/v1/settings", "POST", {"key": "email.password", "value": "x", "is_encrypted": True}),
        ("/api/v1/settings/email.password", "DELETE", None),
        ("/api/v1/settings", "PUT", {"openai_api_key": "sk-" + 30 * "x"}),
        ("/api/v1/settings/chatgpt/config", "POST", {"api_key": "sk-" + 30 * "x"}),
        ("/api/settings/security", "PUT", {"session_idle_hours": 720}),
        ("/api/settings/security", "PUT", {"session_days": 365}),
    ],
)
async def test_secrets_and_how_long_sessions_last_need_a_fresh_sign_in_at_every_address(
    keyed: InProcess, path: str, method: str, body: Any
) -> None:
    signed_in = await keyed.sign_in()
    assert (await put(keyed, "email", {"password": CANARY})).status_code == 200
    keyed.clock.advance(STEP_UP_S)
    answer = await keyed.client.request(method, path, json=body, headers=signed_in)
    assert (answer.status_code, answer.json()["code"]) == (403, "step_up_required")
    assert keyed.feature("settings").api.secret("email.password") == CANARY
