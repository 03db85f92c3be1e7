"""The live stream: a snapshot, every later change once and in order, resume, and no more than one may see."""

from collections.abc import Collection
from typing import Any

import msgspec
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from backend_lite.contract.accounts import ROLES, USERS
from backend_lite.contract.live import CLOSE_UNAUTHORIZED, LIVE, LiveChange, LiveHello
from backend_lite.core import live
from backend_lite.core.db.within import MembersChanged
from backend_lite.core.events.bus import Changed, MemoryBus
from backend_lite.core.http import live as live_http
from backend_lite.core.live import LiveHub, LiveKind, Subscription
from backend_lite.core.security.principal import Principal
from backend_lite.features.access.sessions import STALE_S
from tests.helpers.asgi_socket import AsgiSocket
from tests.helpers.service import InProcess, headers

pytestmark = pytest.mark.anyio

SEES_SCRIPTS = Principal(1, "ada", 1, 0, frozenset({"scripts:view"}))
SEES_NOTHING = Principal(2, "bob", 2, 0, frozenset())
ODD, EVEN = 1, 2
SEES_ODD = Principal(3, "eve", 3, 0, limited={"scripts:view": frozenset({ODD})})


class Thing(msgspec.Struct):
    id: int
    value: int


class World:
    """Things that change, and a hub that tells of it."""

    def __init__(self, start_number: int = 1) -> None:
        self.things: dict[int, int] = {}
        self.groups: dict[int, int] = {}
        self.bus = MemoryBus()
        self.hub = LiveHub(self.bus, start_number)
        self.hub.kinds["script"] = LiveKind("scripts:view", self.snapshot, visible=self.in_groups)
        self.hub.kinds["device"] = LiveKind("devices:view", self.snapshot)

    async def in_groups(self, ids: Collection[int], groups: frozenset[int]) -> set[int]:
        """The group ODD has the odd ones, EVEN the others, unless they were moved."""
        return {one for one in ids if self.groups.get(one, ODD if one % 2 else EVEN) in groups}

    def move(self, thing_id: int, group: int) -> None:
        self.groups[thing_id] = group
        self.bus.publish([MembersChanged(frozenset({ODD, EVEN}))])

    async def snapshot(self) -> list[msgspec.Struct]:
        return [Thing(*item) for item in self.things.items()]

    def set(self, thing_id: int, value: int | None, kind: str = "script") -> None:
        if value is None:
            self.things.pop(thing_id, None)
        else:
            self.things[thing_id] = value
        change = None if value is None else {"id": thing_id, "value": value}
        self.bus.publish([Changed(kind, thing_id, change)])


class Follower:
    """A console: what it believes, from what it is told."""

    def __init__(self, world: World, since: int | None = None, principal: Principal = SEES_SCRIPTS) -> None:
        self.world = world
        self.things: dict[int, int] = {}
        self.seq = since or 0
        self.snapshots = 0
        self.subscription = world.hub.subscribe(principal, since)

    async def catch_up(self) -> None:
        if self.subscription.overflowed:
            snapshot = await self.world.hub.snapshot(self.subscription)
            self.snapshots += 1
            self.seq = snapshot.seq
            self.things = {thing["id"]: thing["value"] for thing in snapshot.snapshot["script"]}
        for change in await taken(self.subscription):
            assert change.seq > self.seq
            self.seq = change.seq
            if change.change is None:
                self.things.pop(change.id, None)
            else:
                self.things[change.id] = change.change["value"]

    def leave(self) -> None:
        self.world.hub.unsubscribe(self.subscription)


async def taken(subscription: Subscription) -> list[LiveChange]:
    told: list[LiveChange] = []
    while frames := await subscription.take():
        told += [msgspec.json.decode(frame, type=LiveChange) for frame in frames]
    return told


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("set"), st.integers(1, 4), st.integers(0, 9)),
            st.tuples(st.just("remove"), st.integers(1, 4)),
            st.tuples(st.just("catch up")),
            st.tuples(st.just("reconnect")),
            st.tuples(st.just("long break")),
            st.tuples(st.just("restart")),
        ),
        max_size=60,
    )
)
async def test_a_console_ends_up_with_what_there_is(steps: list[tuple[object, ...]]) -> None:
    original = live.RING, live.QUEUE
    live.RING, live.QUEUE = 6, 4
    try:
        world, start = World(), 1
        console = Follower(world)
        for step in steps:
            match step:
                case ("set", int(thing_id), int(value)):
                    world.set(thing_id, value)
                case ("remove", int(thing_id)):
                    world.set(thing_id, None)
                case ("catch up",):
                    await console.catch_up()
                    assert console.things == world.things
                case ("reconnect",) | ("restart",) | ("long break",):
                    await console.catch_up()
                    console.leave()
                    if step == ("long break",):
                        world.hub.forget()
                        world.set(9, (world.things.get(9) or 0) + 1)
                    if step == ("restart",):
                        start += 1
                        things, world = world.things, World(start)
                        world.things = things
                    believed = console.things
                    console = Follower(world, console.seq)
                    console.things = believed
        await console.catch_up()
        assert console.things == world.things
    finally:
        live.RING, live.QUEUE = original


async def test_after_a_short_break_only_the_changes_come() -> None:
    world = World()
    console = Follower(world)
    await console.catch_up()
    console.leave()
    world.set(1, 10)
    world.set(2, 20)
    again = Follower(world, console.seq)
    await again.catch_up()
    assert (again.things, again.snapshots) == ({1: 10, 2: 20}, 0)


async def test_who_may_not_see_a_kind_gets_neither_snapshot_nor_changes() -> None:
    world = World()
    world.set(1, 10)
    subscription = world.hub.subscribe(SEES_NOTHING, None)
    assert (await world.hub.snapshot(subscription)).snapshot == {}
    other = world.hub.subscribe(SEES_SCRIPTS, None)
    assert set((await world.hub.snapshot(other)).snapshot) == {"script"}
    world.set(2, 20)
    world.set(3, 30, kind="device")
    assert await taken(subscription) == []
    assert [(change.kind, change.id) for change in await taken(other)] == [("script", 2)]


async def test_who_is_limited_to_groups_sees_and_hears_of_their_things_only() -> None:
    world = World()
    for one in (1, 2, 3):
        world.set(one, one * 10)
    console = Follower(world, principal=SEES_ODD)
    await console.catch_up()
    assert console.things == {1: 10, 3: 30}
    for one in (1, 2, 4, 5):
        world.set(one, one)
    world.set(3, None)
    await console.catch_up()
    assert (console.things, console.snapshots) == ({1: 1, 5: 5}, 1)


async def test_what_is_shown_otherwise_to_who_is_limited_is_so_in_the_snapshot_and_afterwards() -> None:
    world = World()

    async def halved(ids: Collection[int], groups: frozenset[int]) -> dict[int, msgspec.Struct]:
        return {one: Thing(one, world.things[one] // 2) for one in await world.in_groups(ids, groups)}

    world.hub.kinds["script"] = LiveKind("scripts:view", world.snapshot, visible=halved)
    for one in (1, 2, 3):
        world.set(one, one * 10)
    console, all_seeing = Follower(world, principal=SEES_ODD), Follower(world)
    await console.catch_up()
    assert console.things == {1: 5, 3: 15}
    world.set(1, 40)
    world.set(2, 40)
    world.set(3, None)
    await console.catch_up()
    await all_seeing.catch_up()
    assert (console.things, console.snapshots) == ({1: 20}, 1)
    assert all_seeing.things == world.things


async def test_what_comes_into_the_groups_and_what_leaves_them_is_told_by_a_snapshot() -> None:
    world = World()
    world.set(1, 10)
    world.set(2, 20)
    console, all_seeing = Follower(world, principal=SEES_ODD), Follower(world)
    await console.catch_up()
    await all_seeing.catch_up()
    world.move(2, ODD)
    world.move(1, EVEN)
    await console.catch_up()
    await all_seeing.catch_up()
    assert (console.things, console.snapshots) == ({2: 20}, 2)
    assert all_seeing.snapshots == 1


async def test_what_leaves_the_groups_while_it_is_looked_at_is_not_told() -> None:
    world = World()
    console = Follower(world, principal=SEES_ODD)
    await console.catch_up()

    async def moves_meanwhile(ids: Collection[int], groups: frozenset[int]) -> set[int]:
        found = await world.in_groups(ids, groups)
        world.move(1, EVEN)
        return found

    world.hub.kinds["script"] = LiveKind("scripts:view", world.snapshot, visible=moves_meanwhile)
    world.set(1, 10)
    assert await console.subscription.take() == []
    assert console.subscription.overflowed


async def test_a_kind_that_has_nothing_to_do_with_groups_is_not_shown_to_who_is_limited() -> None:
    world = World()
    world.set(1, 10)
    elsewhere = Principal(3, "eve", 3, 0, limited={"devices:view": frozenset({ODD})})
    subscription = world.hub.subscribe(elsewhere, None)
    assert (await world.hub.snapshot(subscription)).snapshot == {}
    world.set(1, 20, kind="device")
    assert await taken(subscription) == []


async def test_who_is_limited_never_goes_on_where_they_were() -> None:
    world = World()
    console = Follower(world, principal=SEES_ODD)
    await console.catch_up()
    console.leave()
    assert world.hub.subscribe(SEES_ODD, console.seq).overflowed
    assert not world.hub.subscribe(SEES_SCRIPTS, console.seq).overflowed


async def test_while_rights_are_in_doubt_nothing_is_told_and_afterwards_nothing_is_missing() -> None:
    world = World()
    console = Follower(world)
    await console.catch_up()
    world.set(1, 10)
    world.hub.doubt()
    assert await console.subscription.take() == []
    console.subscription.asking()
    console.subscription.renew(SEES_SCRIPTS)
    await console.catch_up()
    assert (console.things, console.snapshots) == ({1: 10}, 1)


async def test_a_doubt_that_comes_while_rights_are_asked_for_stays() -> None:
    world = World()
    console = Follower(world)
    await console.catch_up()
    world.hub.doubt()
    console.subscription.asking()
    world.hub.doubt()
    console.subscription.renew(SEES_SCRIPTS)
    world.set(1, 10)
    assert await console.subscription.take() == []


async def test_with_other_rights_it_starts_over() -> None:
    world = World()
    world.set(1, 10)
    world.set(2, 20)
    console = Follower(world)
    await console.catch_up()
    world.set(2, 30)
    world.hub.doubt()
    console.subscription.asking()
    console.subscription.renew(SEES_ODD)
    await console.catch_up()
    assert console.things == {1: 10}
    console.leave()
    assert world.hub.subscribe(SEES_SCRIPTS, console.seq - 1).overflowed


async def test_what_nobody_watches_is_never_built() -> None:
    world, built = World(), 0

    def build() -> Thing:
        nonlocal built
        built += 1
        return Thing(1, built)

    def change() -> None:
        world.bus.publish([Changed("script", 1, build)])

    change()
    console = world.hub.subscribe(SEES_SCRIPTS, None)
    await world.hub.snapshot(console)
    assert built == 0
    change()
    change()
    other = world.hub.subscribe(SEES_SCRIPTS, None)
    await world.hub.snapshot(other)
    change()
    assert [told.change for told in await taken(console)] == [{"id": 1, "value": 1}]
    assert [told.change for told in await taken(other)] == [{"id": 1, "value": 1}]
    world.hub.unsubscribe(console)
    world.hub.unsubscribe(other)
    world.hub.forget()
    change()
    assert built == 1


async def test_after_a_long_break_a_snapshot_comes() -> None:
    world = World()
    console = Follower(world)
    await console.catch_up()
    console.leave()
    world.hub.forget()
    world.set(1, 10)
    assert world.hub.subscribe(SEES_SCRIPTS, console.seq).overflowed


async def test_each_object_comes_once_and_at_its_newest() -> None:
    world = World()
    console = Follower(world)
    await console.catch_up()
    for value in range(3):
        world.set(1, value)
        world.set(2, value)
    told = await taken(console.subscription)
    assert [(change.id, change.change) for change in told] == [
        (1, {"id": 1, "value": 2}),
        (2, {"id": 2, "value": 2}),
    ]


async def test_parts_of_an_object_do_not_replace_each_other_but_the_whole_replaces_them() -> None:
    world = World()
    world.hub.kinds["device"] = LiveKind("scripts:view", world.snapshot, ("label", "contact"))
    console = world.hub.subscribe(SEES_SCRIPTS, None)
    await world.hub.snapshot(console)

    def change(part: str, source: dict[str, int] | None) -> None:
        world.bus.publish([Changed("device", 1, source, part)])

    change("label", {"a": 1})
    change("contact", {"b": 1})
    change("label", {"a": 2})
    assert [told.change for told in await taken(console)] == [{"b": 1}, {"a": 2}]
    change("label", {"a": 3})
    change("", None)
    assert [told.change for told in await taken(console)] == [None]


async def test_a_change_that_cannot_be_built_is_made_good_by_a_snapshot() -> None:
    world = World()
    console = Follower(world)
    await console.catch_up()
    world.bus.publish([Changed("script", 1, lambda: Thing(1, 1 // 0))])
    world.things[1] = 7
    await console.catch_up()
    await console.catch_up()
    assert (console.things, console.snapshots) == ({1: 7}, 2)


async def test_a_number_from_the_future_gets_a_snapshot() -> None:
    world = World()
    assert world.hub.subscribe(SEES_SCRIPTS, 1 << 60).overflowed


async def token(service: InProcess) -> str:
    return (await service.sign_in())["Authorization"].removeprefix("Bearer ")


async def test_the_stream_over_its_socket(service: InProcess) -> None:
    session = await token(service)
    script = {"name": "Hello", "content": "echo hello", "language": "sh"}
    await service.client.post("/api/v1/scripts", json=script, headers=headers(session))
    async with AsgiSocket(service.app, LIVE) as socket:
        await socket.send(LiveHello(session))
        first = await socket.receive()
        assert [found["name"] for found in first["snapshot"]["script"]] == ["Hello"]
        await service.client.put("/api/v1/scripts/1", json={"name": "Hi"}, headers=headers(session))
        change = await socket.receive()
        assert (change["kind"], change["id"], change["change"]["name"]) == ("script", 1, "Hi")
        assert change["seq"] == first["seq"] + 1
    await service.client.delete("/api/v1/scripts/1", headers=headers(session))
    async with AsgiSocket(service.app, LIVE) as socket:
        await socket.send(LiveHello(session, since=change["seq"]))
        assert await socket.receive() == {
            "seq": change["seq"] + 1,
            "kind": "script",
            "id": 1,
            "change": None,
        }


@pytest.mark.parametrize(
    ("hello", "code"),
    [({"access_token": "dfs_guessed"}, "unauthorized"), ({}, "invalid"), ("hello", "invalid")],
)
async def test_without_a_good_first_frame_nothing_is_told(
    service: InProcess, hello: object, code: str
) -> None:
    with structlog.testing.capture_logs() as log:
        async with AsgiSocket(service.app, LIVE) as socket:
            await socket.send(hello)
            assert (await socket.receive())["code"] == code
            assert await socket.closed() == CLOSE_UNAUTHORIZED
    assert [(line["event"], line["code"]) for line in log] == [("live stream refused", code)]


async def test_who_says_nothing_is_let_go(service: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_http, "_FIRST_FRAME_S", 0)
    async with AsgiSocket(service.app, LIVE) as socket:
        assert (await socket.receive())["code"] == "invalid"
        assert await socket.closed() == CLOSE_UNAUTHORIZED


async def test_a_session_that_ends_closes_its_stream_at_once(service: InProcess) -> None:
    session = await token(service)
    async with AsgiSocket(service.app, LIVE) as socket:
        await socket.send(LiveHello(session))
        await socket.receive()
        await service.client.post("/api/v1/auth/logout", headers=headers(session))
        assert (await socket.receive())["code"] == "unauthorized"
        assert await socket.closed() == CLOSE_UNAUTHORIZED


async def test_what_another_replica_ended_is_noticed_without_news_of_it(
    service: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_http, "_RECHECK_S", 0)
    session = await token(service)
    async with AsgiSocket(service.app, LIVE) as socket:
        await socket.send(LiveHello(session))
        await socket.receive()
        revoke = text("UPDATE tokens SET revoked_at = 1")
        await service.kernel.database.write(lambda unit: unit.session.execute(revoke))
        service.clock.advance(STALE_S + 1)
        assert (await socket.receive())["code"] == "unauthorized"
        assert await socket.closed() == CLOSE_UNAUTHORIZED


async def test_a_right_that_is_taken_away_shows_nothing_more(service: InProcess) -> None:
    owner = await service.sign_in()

    async def send(method: str, path: str, body: object) -> Any:
        answer = await service.client.request(method, path, json=body, headers=owner)
        assert answer.is_success, answer.text
        return answer.json()

    both = [{"artifact": "scripts", "verbs": ["view"]}, {"artifact": "profiles", "verbs": ["view"]}]
    role = await send("POST", ROLES, {"name": "Readers", "grants": both})
    reader = {"username": "bea", "password": "several unrelated words", "roles": [role["id"]]}
    user = await send("POST", USERS, reader)
    login = await service.client.post("/api/v1/auth/login", json=reader)
    async with AsgiSocket(service.app, LIVE) as socket:
        await socket.send(LiveHello(login.json()["access_token"]))
        first = await socket.receive()
        assert {"script", "profile"} <= set(first["snapshot"])
        await send("PUT", f"{ROLES}/{role['id']}", {"grants": both[1:]})
        await send("POST", "/api/v1/scripts", {"name": "x", "content": "y", "language": "sh"})
        again = await socket.receive()
        assert "script" not in again["snapshot"]
        await send("POST", "/api/v1/profiles", {"name": "x"})
        assert (await socket.receive())["kind"] == "profile"
        await send("PUT", f"{USERS}/{user['id']}", {"is_active": False})
        assert (await socket.receive())["code"] == "unauthorized"
        assert await socket.closed() == CLOSE_UNAUTHORIZED


async def test_the_address_of_the_stream_answers_plain_http_with_what_it_wants(service: InProcess) -> None:
    answer = await service.client.get(LIVE)
    assert (answer.status_code, answer.headers["upgrade"]) == (426, "websocket")
