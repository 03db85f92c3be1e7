"""Queries of scripts: the service and the window find the same."""

import pytest

from backend_lite.contract.query import matches, parse
from backend_lite.contract.script_query import SCRIPT_FIELDS, script_values
from tests.backend.library.library import Library
from tests.helpers.service import OWNER

pytestmark = pytest.mark.anyio

_STEP_S = 4 * 3600.0


@pytest.fixture
async def shelf(library: Library) -> Library:
    """Three scripts, four hours apart; the second one is a favorite."""
    await library.make(
        name="Alpha", description="Reinigt Öfen", folder="Linux/Disk", tags=["disk", "weekly"],
        target_os_type="ubuntu", detect="test -e /srv", timeout_s=60,
    )  # fmt: skip
    library.service.clock.advance(_STEP_S)
    await library.make(
        name="Beta", content="Remove-Item x", language="powershell", target_os_type="windows",
        undo="New-Item x", idempotent=True, parameters=[{"name": "Days", "type": "number"}],
    )  # fmt: skip
    library.service.clock.advance(_STEP_S)
    await library.make(name="Gamma 100%", content="print(1)", language="python")
    await library.call("PUT", "/3", json={"content": "print(2)"})
    await library.call("PUT", "/2/favorite")
    return library


QUERIES = [
    ("", "123"),
    ("öfen", "1"),
    ("disk weekly", "1"),
    ("100%", "3"),
    ("name:a", "123"),
    ("name=alpha", "1"),
    ("language:powershell,python", "23"),
    ("os:linux", "1"),
    ("os:windows", "2"),
    ("os:any", "3"),
    ("-os:any", "12"),
    ("folder:linux", "1"),
    ("folder:*", "1"),
    ('folder="linux/disk"', "1"),
    ("tag:week*", "1"),
    ("favorite:yes", "2"),
    ("favorite:no", "13"),
    ("favorite:*", "123"),
    ("not favorite:yes", "13"),
    (f"author:{OWNER}", "123"),
    ("author:nobody", ""),
    ("changed<2h", "3"),
    ("created>6h", "1"),
    ("text:item", "2"),
    ('text:"/srv"', "1"),
    ("has:detect", "1"),
    ("has:undo,parameters", "2"),
    ("-has:*", "3"),
    ("repeatable:yes", "2"),
    ("timeout<2m", "1"),
    ("revision>1", "3"),
    ("id:2 or id:3", "23"),
]


async def test_the_service_and_the_window_find_the_same(shelf: Library) -> None:
    every, now_ms = (await shelf.call("GET")).json(), shelf.service.clock.now_ms()
    for query, found in QUERIES:
        answer = await shelf.call("GET", params={"q": query})
        assert answer.status_code == 200, answer.text
        assert "".join(str(one["id"]) for one in answer.json()) == found, query
        assert answer.headers["X-Total-Count"] == str(len(found))
        node = parse(query, SCRIPT_FIELDS)
        seen = [str(one["id"]) for one in every if matches(node, script_values(one, {2}, now_ms))]
        assert "".join(seen) == found, query


async def test_a_query_that_cannot_be_understood_is_refused(shelf: Library) -> None:
    answer = await shelf.call("GET", params={"q": "nam:x"})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_query")
    assert "Did you mean name?" in answer.json()["detail"]


async def test_lists_are_sorted_by_what_a_script_is(shelf: Library) -> None:
    for sort, order in (("folder", "231"), ("-language", "321"), ("os", "312"), ("-revision", "312")):
        answer = await shelf.call("GET", params={"sort": sort})
        assert "".join(str(one["id"]) for one in answer.json()) == order, sort
