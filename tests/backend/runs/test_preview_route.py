"""The preview at its address: the same body as POST rollouts, the same right, nothing started."""

import pytest

from backend_lite.contract.fleet import GROUPS
from backend_lite.contract.library import SCRIPTS
from backend_lite.contract.runs import ROLLOUTS
from tests.helpers.service import InProcess

pytestmark = pytest.mark.anyio


async def test_a_preview_answers_for_the_body_of_a_rollout(service: InProcess) -> None:
    owner = await service.sign_in()
    script = {"name": "Restart", "content": "reboot\n", "language": "sh"}
    assert (await service.client.post(SCRIPTS, headers=owner, json=script)).status_code == 201
    group = {"name": "Linux", "query": "os:linux"}
    assert (await service.client.post(GROUPS, headers=owner, json=group)).status_code == 201
    body = {"script_id": 1, "targets": {"groups": [1], "query": "stauts:online"}}
    answer = await service.client.post(f"{ROLLOUTS}/preview", headers=owner, json=body)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["devices"], found["revision"], found["waves"]) == ([], 1, [])
    assert [finding["rule"] for finding in found["findings"]] == ["restart"]
    (error,) = found["errors"]
    assert "Did you mean status?" in error
    refused = await service.client.post(ROLLOUTS, headers=owner, json=body)
    assert (refused.status_code, refused.json()["code"], refused.json()["detail"]) == (
        400,
        "bad_query",
        error,
    )
    body["targets"] = {"groups": [1]}
    (error,) = (await service.client.post(f"{ROLLOUTS}/preview", headers=owner, json=body)).json()["errors"]
    assert "nothing would run" in error
    assert (await service.client.get(ROLLOUTS, headers=owner)).json()["items"] == []
