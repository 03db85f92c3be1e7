"""Roles that hold on the devices of groups: who may make, change and give them, and what they add up to."""

import itertools
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from backend_lite.contract.access_forms import ACCESS_ROLES
from backend_lite.contract.accounts import API_TOKENS, RIGHTS, ROLES, USERS
from backend_lite.contract.fleet import DEVICES, GROUPS
from backend_lite.contract.rights import DEVICE_BOUND
from backend_lite.core.db.tables import AuditRow
from backend_lite.core.security.principal import Principal
from backend_lite.errors import ForbiddenError
from backend_lite.features.access.rights import Held, granted, together
from backend_lite.features.access.roles import refuse_beyond
from tests.helpers.halves import Halves, halves, person
from tests.helpers.service import InProcess, headers

pytestmark = pytest.mark.anyio

SOME = ("devices:view", "devices:edit", "rollouts:run", "scripts:view", "users:view")
ALL_GROUPS = (1, 2, 3)
ELSEWHERE = 0
"""Stands for all devices that are in none of the groups."""
ROLE = st.tuples(st.sets(st.sampled_from(SOME)), st.sets(st.sampled_from(ALL_GROUPS)))

Reach = set[tuple[str, int]]


def held(roles: Iterable[tuple[set[str], set[int]]]) -> Held:
    return together(granted(None, sorted(grants), groups) for grants, groups in roles)


def principal(of: Held) -> Principal:
    return Principal(1, "ada", 1, 0, of.everywhere, of.limited)


def reach(of: Held) -> Reach:
    """Every right with every place where it holds."""
    everywhere = {(right, place) for right in of.everywhere for place in (ELSEWHERE, *ALL_GROUPS)}
    return everywhere | {(right, group) for right, groups in of.limited.items() for group in groups}


def meant(roles: Iterable[tuple[set[str], set[int]]]) -> Reach:
    """The same, from what the roles say."""
    return {
        (right, place)
        for grants, groups in roles
        for right in grants
        for place in (groups if groups and right.split(":")[0] in DEVICE_BOUND else (ELSEWHERE, *ALL_GROUPS))
    }


@given(st.lists(ROLE, max_size=4))
def test_roles_add_up_to_all_that_each_of_them_says(roles: list[tuple[set[str], set[int]]]) -> None:
    of = held(roles)
    assert reach(of) == meant(roles)
    assert not of.everywhere & of.limited.keys()
    for right in SOME:
        asked = principal(of)
        assert asked.may(right) == ((right, ELSEWHERE) in meant(roles))
        assert asked.may_somewhere(right) == any(one == right for one, _ in meant(roles))


@given(st.lists(ROLE, max_size=3), ROLE)
def test_what_is_given_reaches_nowhere_where_the_giver_does_not(
    own: list[tuple[set[str], set[int]]], role: tuple[set[str], set[int]]
) -> None:
    giver, given_role = principal(held(own)), held([role])
    try:
        refuse_beyond(given_role, giver)
    except ForbiddenError:
        assert not reach(given_role) <= meant(own)
    else:
        assert reach(given_role) <= meant(own)


@given(st.lists(ROLE, max_size=3), st.sets(st.sampled_from(SOME)))
def test_a_scope_only_takes_away(own: list[tuple[set[str], set[int]]], scope: set[str]) -> None:
    assert reach(held(own).only(scope)) == {(right, place) for right, place in meant(own) if right in scope}


@pytest.fixture
async def site(service: InProcess) -> Halves:
    return await halves(service)


def grants(*rights: str) -> list[dict[str, Any]]:
    return [{"artifact": one.split(":")[0], "verbs": [one.split(":")[1]]} for one in rights]


async def test_a_role_is_limited_to_groups_that_name_their_devices(site: Halves) -> None:
    found = await site.done("POST", GROUPS, {"name": "found", "query": "os:linux"})
    for groups, status in (([10**6], 404), ([2**70], 404), ([found["id"]], 400), (list(range(1, 200)), 400)):
        refused = await site.call("POST", ROLES, {"name": "x", "groups": groups}, site.owner)
        assert refused.status_code == status, refused.text
    mine, other = site.inside.group, site.outside.group
    role = await site.done("POST", ROLES, {"name": "Both", "groups": [other, mine, other]})
    assert role["groups"] == [mine, other]
    changed = await site.done("PUT", f"{ROLES}/{role['id']}", {"groups": [other]})
    assert (changed["groups"], changed["version"]) == ([other], 2)


async def test_the_audit_says_the_groups_by_name(site: Halves) -> None:
    await site.done("PUT", f"{ROLES}/{site.role}", {"groups": [site.outside.group]})

    def events(session: Any) -> list[AuditRow]:
        return list(session.scalars(select(AuditRow).where(AuditRow.action == "roles.update")))

    (event,) = await site.service.kernel.database.read(events)
    before, after, details = event.before or {}, event.after or {}, event.details or {}
    assert (before["groups"], after["groups"]) == ([site.inside.group], [site.outside.group])
    assert sorted(details["groups"].values()) == ["group of inside-1", "group of outside-1"]


async def test_the_documented_form_leaves_the_groups_as_they_are(site: Halves) -> None:
    form = {"name": "Half of it", "permissions": [{"artifact": "devices", "can_view": True}]}
    await site.done("PUT", f"{ACCESS_ROLES}/{site.role}", form)
    role = await site.done("GET", f"{ROLES}/{site.role}")
    assert (role["name"], role["groups"]) == ("Half of it", [site.inside.group])
    rights = (await site.call("GET", RIGHTS)).json()
    assert site.inside.group in rights["limited"]["devices:view"]


async def test_everybody_knows_where_their_rights_hold(site: Halves) -> None:
    rights = (await site.call("GET", RIGHTS)).json()
    assert rights["limited"]["devices:edit"] == [site.inside.group]
    assert "devices:edit" not in rights["permissions"]
    assert "scripts:edit" in rights["permissions"]
    plain = await site.done("POST", ROLES, {"name": "Plain", "grants": grants("devices:edit")})
    await site.done("PUT", f"{USERS}/{site.limited_id}", {"roles": [site.role, plain["id"]]})
    rights = (await site.call("GET", RIGHTS)).json()
    assert "devices:edit" in rights["permissions"]
    assert "devices:edit" not in rights["limited"]


async def test_who_is_limited_makes_and_gives_nothing_that_reaches_further(site: Halves) -> None:
    mine, other = site.inside.group, site.outside.group
    manage = grants("roles:view", "roles:create", "roles:edit", "users:view", "users:edit", "users:create")
    manager = await site.done("POST", ROLES, {"name": "Manager", "grants": manage})
    _, eve = await person(site, "mia", site.role, manager["id"])
    view = grants("devices:view")
    for groups in ([], [other], [mine, other]):
        refused = await site.call("POST", ROLES, {"name": "x", "grants": view, "groups": groups}, eve)
        assert (refused.status_code, refused.json()["code"]) == (403, "beyond_own"), groups
    made = await site.done("POST", ROLES, {"name": "Mine", "grants": view, "groups": [mine]}, eve)
    one = f"{ROLES}/{made['id']}"
    changes: tuple[dict[str, Any], ...] = (
        {"groups": []},
        {"groups": [mine, other]},
        {"grants": grants("users:delete")},
    )
    for change in changes:
        refused = await site.call("PUT", one, change, eve)
        assert (refused.status_code, refused.json()["code"]) == (403, "beyond_own"), change
    await site.done("PUT", one, {"grants": grants("devices:view", "devices:edit")}, eve)
    wide = await site.done("POST", ROLES, {"name": "Wide", "grants": view})
    narrow = await site.done("POST", ROLES, {"name": "Other half", "grants": view, "groups": [other]})
    for role, status in ((wide["id"], 403), (narrow["id"], 403), (made["id"], 201)):
        answer = await site.call("POST", USERS, {"username": f"u{role}", "roles": [role]}, eve)
        assert answer.status_code == status, answer.text


async def test_a_token_reaches_as_far_as_its_maker_does_now(site: Halves) -> None:
    made = await site.done("POST", API_TOKENS, {"name": "robot", "scope": ["devices:view"]}, await keys(site))
    robot = headers(made["token"])
    listed = await site.call("GET", DEVICES, who=robot)
    assert [one["id"] for one in listed.json()] == [site.inside.device]
    await site.done("PUT", f"{ROLES}/{site.role}", {"groups": [site.outside.group]})
    listed = await site.call("GET", DEVICES, who=robot)
    assert [one["id"] for one in listed.json()] == [site.outside.device]
    await site.done("PUT", f"{ROLES}/{site.role}", {"grants": grants("scripts:view")})
    assert (await site.call("GET", DEVICES, who=robot)).status_code == 403


async def keys(site: Halves) -> dict[str, str]:
    """Somebody with the limited role who may make tokens."""
    maker = await site.done("POST", ROLES, {"name": "Tokens", "grants": grants("tokens:create")})
    return (await person(site, "tom", site.role, maker["id"]))[1]


_NUMBERS = itertools.count()
Drawn = tuple[set[str], set[int]]
# Drawn before the test runs: what ends a drawing too early would end the loop that the test runs in.
ROUND = st.tuples(ROLE, st.sets(st.sampled_from(SOME), min_size=1), ROLE)
"""A role that is made, the scope of a token, and what the maker's own role becomes."""
MAKES = grants("roles:create", "roles:edit", "users:create", "users:edit", "tokens:create")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rounds=st.lists(ROUND, min_size=1, max_size=3))
async def test_whatever_roles_and_tokens_people_make_never_exceeds_them(
    service: InProcess, rounds: list[tuple[Drawn, set[str], Drawn]]
) -> None:
    owner = await service.sign_in()
    random = Makers(service, owner, f"maker{next(_NUMBERS)}")
    await random.begin()
    for made, scope, own in rounds:
        await random.make_role(*made)
        await random.make_token(scope)
        await random.change_maker(*own)
        await random.check_tokens()


class Makers:
    """Somebody who makes roles and tokens while their own role is changed."""

    def __init__(self, service: InProcess, owner: dict[str, str], name: str) -> None:
        self.service = service
        self.owner = owner
        self.name = name
        self.groups: dict[int, int] = {}
        self.own: tuple[set[str], set[int]] = (set(), set())
        self.role = 0
        self.maker: dict[str, str] = {}
        self.tokens: list[tuple[set[str], dict[str, str]]] = []
        self.made = 0

    async def begin(self) -> None:
        for number in ALL_GROUPS:
            group = {"name": f"{self.name} {number}"}
            self.groups[number] = (await self.call("POST", GROUPS, group, self.owner)).json()["id"]
        role = await self.call("POST", ROLES, {"name": f"own {self.name}"}, self.owner)
        self.role = role.json()["id"]
        makes = await self.call("POST", ROLES, {"name": f"makes {self.name}", "grants": MAKES}, self.owner)
        body = {"username": self.name, "password": "several unrelated words"}
        roles = [self.role, makes.json()["id"]]
        await self.call("POST", USERS, body | {"roles": roles}, self.owner)
        answer = await self.service.client.post("/api/v1/auth/login", json=body)
        self.maker = headers(answer.json()["access_token"])

    async def call(self, method: str, path: str, body: Any, who: dict[str, str]) -> Any:
        return await self.service.client.request(method, path, json=body, headers=who)

    def body(self, rights: set[str], groups: set[int]) -> dict[str, Any]:
        return {"grants": grants(*sorted(rights)), "groups": [self.groups[one] for one in groups]}

    async def make_role(self, rights: set[str], groups: set[int]) -> None:
        self.made += 1
        wanted = {"name": f"{self.name} {self.made}"} | self.body(rights, groups)
        answer = await self.call("POST", ROLES, wanted, self.maker)
        within = meant([(rights, groups)]) <= meant([self.own])
        assert answer.status_code == (201 if within else 403), answer.text

    async def make_token(self, scope: set[str]) -> None:
        answer = await self.call("POST", API_TOKENS, {"name": "t", "scope": sorted(scope)}, self.maker)
        assert answer.status_code == (201 if scope <= self.own[0] else 403), answer.text
        if answer.is_success:
            self.tokens.append((scope, headers(answer.json()["token"])))

    async def change_maker(self, rights: set[str], groups: set[int]) -> None:
        self.own = rights, groups
        changed = await self.call("PUT", f"{ROLES}/{self.role}", self.body(rights, groups), self.owner)
        assert changed.status_code == 200, changed.text

    async def check_tokens(self) -> None:
        places = {group: number for number, group in self.groups.items()}
        for scope, token in self.tokens:
            told = (await self.call("GET", RIGHTS, None, token)).json()
            limited = {one: frozenset(places[group] for group in of) for one, of in told["limited"].items()}
            now = reach(Held(frozenset(told["permissions"]), limited))
            assert now == {(right, place) for right, place in meant([self.own]) if right in scope}
