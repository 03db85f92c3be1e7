"""A credential of the wrong kind opens nothing, at any address."""

import pytest

from backend_lite.contract.live import CLOSE_UNAUTHORIZED, LIVE
from backend_lite.core.security.principal import AGENT_REPORT
from tests.helpers.asgi_socket import AsgiSocket
from tests.helpers.service import headers
from tests.security.credentials import DEVICE, REMOVED, SDK, addresses, all_tried, dead, misplaced
from tests.security.site import Site

pytestmark = pytest.mark.anyio

PER_ADDRESS = 2


async def test_no_credential_opens_what_it_is_not_for(site: Site) -> None:
    """`python -m tests.security credentials` tries all of them everywhere."""
    tried = await all_tried(site, PER_ADDRESS)
    assert tried.wrong == []
    assert tried.addresses > 200
    assert tried.kinds > 25
    assert set(tried.answers) == {401, 403}


async def test_a_device_reports_and_a_session_does_not(site: Site) -> None:
    reports = [one for one in addresses(site) if one.permission == AGENT_REPORT]
    assert reports
    for one in reports:
        body = {"device_id": 2, "status": "succeeded"}
        for sent, refused in ((headers(site.device_secret), False), (site.owner, True)):
            answer = await site.service.client.request(one.method, one.path, headers=sent, json=body)
            assert (answer.status_code in (401, 403)) is refused, one


async def test_a_removed_device_reports_nothing(site: Site) -> None:
    agent = headers((await misplaced(site))[REMOVED])
    body = {"device_id": 3, "hostname": "removed", "enrollment_token": ""}
    for path in ("/api/v1/agent/heartbeat", "/api/v1/agent/register"):
        answer = await site.service.client.post(path, headers=agent, json=body)
        assert answer.status_code in (401, 404, 410), (path, answer.text)


async def test_no_credential_stands_in_an_address(site: Site) -> None:
    owner = site.owner["Authorization"].removeprefix("Bearer ")
    for query in (f"access_token={owner}", f"token={owner}", f"authorization=Bearer {owner}"):
        assert (await site.service.client.get(f"/api/v1/devices?{query}")).status_code == 401


async def test_a_bearer_opens_no_signed_address(site: Site) -> None:
    path = f"/api/v1/agent/files/{'ab' * 32}"
    for sent in (site.owner, headers(site.device_secret), headers(site.api_token)):
        assert (await site.service.client.get(path, headers=sent)).status_code == 401


async def test_the_live_stream_is_for_people_and_their_tokens(site: Site) -> None:
    elsewhere = await misplaced(site)
    wrong = {**await dead(site), DEVICE: elsewhere[DEVICE], SDK: elsewhere[SDK], "nothing": ""}
    wrong[REMOVED] = elsewhere[REMOVED]
    for kind, secret in wrong.items():
        async with AsgiSocket(site.service.app, LIVE) as socket:
            await socket.send({"access_token": secret})
            assert (await socket.receive())["code"] == "unauthorized", kind
            assert await socket.closed() == CLOSE_UNAUTHORIZED, kind
