"""Enrollment tokens, and where agents find the service."""

from typing import Any

import msgspec
import pytest

from backend_lite.contract.enroll import AGENT_ENDPOINT, ENROLLMENT_TOKENS, EnrollmentTokenCreate
from backend_lite.core.events.bus import Changed
from backend_lite.errors import ConflictError
from backend_lite.features.enroll.api import EnrollApi
from tests.backend.fleet.conftest import Fleet
from tests.helpers.agents import Device
from tests.helpers.service import OWNER

EVERY = "0.0.0.0"  # noqa: S104

pytestmark = pytest.mark.anyio


async def call(fleet: Fleet, method: str, path: str, status: int = 200, **options: Any) -> Any:
    answer = await fleet.service.client.request(method, path, headers=fleet.owner, **options)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


@pytest.fixture
def told(fleet_service: Fleet) -> list[Changed]:
    events: list[Changed] = []
    fleet_service.service.kernel.bus.subscribe(Changed, events.append)
    return events


async def test_a_new_token_comes_with_all_that_an_agent_needs(
    fleet_service: Fleet, told: list[Changed]
) -> None:
    made = await call(fleet_service, "POST", ENROLLMENT_TOKENS, 201, json={"name": " for  the lab "})
    identity = fleet_service.service.kernel.endpoint.identity
    assert (made["agent_pin"], made["ca_pem"]) == (identity.pin, identity.ca_pem)
    assert made["agent_url"] == "https://127.0.0.1:0"
    assert made["enrollment_token"] == {
        "id": 2,
        "name": "for the lab",
        "uses": 5,
        "used": 0,
        "auto_approve": False,
        "created_by": OWNER,
        "created_at": "2027-01-15T08:00:00.000Z",
        "expires_at": "2027-01-16T08:00:00.000Z",
        "last_used_at": None,
        "revoked_at": None,
        "groups": [],
    }
    assert [(one.kind, one.id, one.change) for one in told] == [
        ("enrollment_token", 2, made["enrollment_token"])
    ]


async def test_the_secret_is_shown_once_and_stored_nowhere(fleet_service: Fleet, told: list[Changed]) -> None:
    made = await call(fleet_service, "POST", ENROLLMENT_TOKENS, 201, json={})
    listed = await call(fleet_service, "GET", ENROLLMENT_TOKENS)
    assert listed == {"items": [made["enrollment_token"]], "next": None}
    assert made["token"] not in str(told)
    data = fleet_service.service.kernel.config.data
    raw = b"".join(path.read_bytes() for path in data.root.glob("deployflow.db*"))
    assert made["token"].encode() not in raw
    assert b"for the lab" in raw or b"enrollment" in raw


@pytest.mark.parametrize(
    "wanted",
    [{"ttl_s": 0}, {"ttl_s": 31 * 86400}, {"uses": 0}, {"uses": 10_001}, {"name": "x" * 201}],
)
async def test_tokens_out_of_bounds_are_refused_with_a_sentence(
    fleet_service: Fleet, wanted: dict[str, Any]
) -> None:
    problem = await call(fleet_service, "POST", ENROLLMENT_TOKENS, 400, json=wanted)
    assert problem["detail"].endswith(".")


async def test_uses_and_revoking_are_told(fleet_service: Fleet, told: list[Changed]) -> None:
    await fleet_service.enrolled(Device())
    (token,) = (await call(fleet_service, "GET", ENROLLMENT_TOKENS))["items"]
    assert (token["used"], token["last_used_at"]) == (1, "2027-01-15T08:00:00.000Z")
    await call(fleet_service, "DELETE", f"{ENROLLMENT_TOKENS}/{token['id']}", 204)
    await call(fleet_service, "DELETE", f"{ENROLLMENT_TOKENS}/{token['id']}", 204)
    (token,) = (await call(fleet_service, "GET", ENROLLMENT_TOKENS))["items"]
    assert token["revoked_at"] == "2027-01-15T08:00:00.000Z"
    changes = [one.change for one in told if one.kind == "enrollment_token" and one.change]
    assert [one["used"] for one in changes] == [0, 1, 1, 1]
    assert changes[-1] == token


@pytest.mark.parametrize("token_id", [1, 0, 4711, 2**70])
async def test_what_is_no_enrollment_token_cannot_be_revoked(fleet_service: Fleet, token_id: int) -> None:
    """Token 1 is the session of the owner."""
    await call(fleet_service, "DELETE", f"{ENROLLMENT_TOKENS}/{token_id}", 404)
    await call(fleet_service, "GET", ENROLLMENT_TOKENS)


async def test_the_command_line_makes_tokens_too(fleet_service: Fleet) -> None:
    api: EnrollApi = fleet_service.service.feature("enroll").api
    made = await api.make_token(EnrollmentTokenCreate(ttl_s=60, uses=1, auto_approve=True), None)
    assert made.token.startswith("dfe_")
    (listed,) = (await call(fleet_service, "GET", ENROLLMENT_TOKENS))["items"]
    assert (listed["created_by"], listed["auto_approve"], listed["uses"]) == ("", True, 1)


async def test_the_endpoint_names_the_addresses_of_this_machine(fleet_service: Fleet) -> None:
    found = await call(fleet_service, "GET", AGENT_ENDPOINT)
    identity = fleet_service.service.kernel.endpoint.identity
    assert (found["host"], found["pin"], found["url"]) == ("127.0.0.1", identity.pin, "https://127.0.0.1:0")
    assert {"address": "127.0.0.1", "interface": "lo", "scope": "loopback"} in found["addresses"] or any(
        one["scope"] == "loopback" for one in found["addresses"]
    )


@pytest.mark.parametrize(
    "wanted", [{"host": "not an address"}, {"host": ""}, {"host": "127.0.0.1", "port": 70_000}]
)
async def test_a_place_that_cannot_be_is_refused_before_anything_moves(
    fleet_service: Fleet, wanted: dict[str, Any]
) -> None:
    problem = await call(fleet_service, "PUT", AGENT_ENDPOINT, 400, json=wanted)
    assert problem["detail"].endswith(".")


async def test_moving_asks_the_listener_and_tells_consoles(
    fleet_service: Fleet, told: list[Changed], monkeypatch: pytest.MonkeyPatch
) -> None:
    moves: list[tuple[str, int]] = []
    endpoint = fleet_service.service.kernel.endpoint

    async def move(host: str, port: int) -> None:
        if port == 22:
            raise ConflictError(f"Port 22 on {EVERY} is taken by another program.")
        moves.append((host, port))

    monkeypatch.setattr(endpoint, "move", move)
    found = await call(fleet_service, "PUT", AGENT_ENDPOINT, json={"host": f" {EVERY} ", "port": 8443})
    assert moves == [(EVERY, 8443)]
    assert [(one.kind, one.id, one.change) for one in told] == [("agent_endpoint", 1, found)]
    await call(fleet_service, "PUT", AGENT_ENDPOINT, 409, json={"host": EVERY, "port": 22})
    assert len(told) == 1


async def test_consoles_get_a_snapshot_of_both(fleet_service: Fleet) -> None:
    await fleet_service.enrolled(Device())
    live = fleet_service.service.feature("enroll").live
    for kind, object_id in (("enrollment_token", 2), ("agent_endpoint", 1)):
        snapshot = live[kind].snapshot
        assert snapshot
        assert [msgspec.to_builtins(one)["id"] for one in await snapshot()] == [object_id]
