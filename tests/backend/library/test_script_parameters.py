"""Declared parameters belong to the revision, whether a script may be repeated to the script."""

from typing import Any

import pytest

from backend_lite.contract.parameters import ParameterType, ScriptParameter
from tests.backend.library.library import Library

pytestmark = pytest.mark.anyio

NAME = {"name": "name", "required": True, "label": "Name"}
COUNT = {"name": "count", "type": "number", "default": 3, "minimum": 1}


def names(script: dict[str, Any]) -> list[str]:
    return [one["name"] for one in script["parameters"]]


async def test_parameters_are_kept_with_the_revision(library: Library) -> None:
    made = await library.make(parameters=[NAME, COUNT])
    assert made["parameters"][0] == {
        "name": "name",
        "type": "text",
        "label": "Name",
        "description": "",
        "required": True,
        "default": None,
        "choices": [],
        "minimum": None,
        "maximum": None,
    }
    changed = (await library.call("PUT", "/1", json={"parameters": [COUNT], "message": "no name"})).json()
    assert (changed["revision"], names(changed), changed["content"]) == (2, ["count"], made["content"])
    same = (await library.call("PUT", "/1", json={"parameters": [COUNT]})).json()
    assert (same["revision"], same["version"]) == (2, 2)
    again = (await library.call("PUT", "/1", json={"content": "echo bye\n"})).json()
    assert (again["revision"], names(again)) == (3, ["count"])
    page = (await library.call("GET", "/1/revisions")).json()["items"]
    assert [names(revision) for revision in page] == [["count"], ["count"], ["name", "count"]]
    assert page[1]["content_hash"] == page[2]["content_hash"], "the hash is over the content"
    assert names((await library.call("GET", "/1/revisions/1")).json()) == ["name", "count"]
    assert names((await library.call("GET")).json()[0]) == ["count"]


async def test_a_change_of_parameters_makes_older_versions_stale(library: Library) -> None:
    await library.make()
    await library.call("PUT", "/1", json={"parameters": [NAME]})
    refused = await library.refusal("PUT", "/1", json={"name": "x"}, headers={"If-Match": '"1"'})
    assert refused[0] == 409
    assert "(parameters)" in refused[1]


async def test_idempotent_is_a_label_of_the_script(library: Library) -> None:
    assert (await library.make())["idempotent"] is False
    changed = (await library.call("PUT", "/1", json={"idempotent": True})).json()
    assert (changed["idempotent"], changed["revision"], changed["version"]) == (True, 1, 2)
    assert (await library.make(name="Other", idempotent=True))["idempotent"] is True


async def test_bad_parameters_are_refused_with_every_sentence(library: Library) -> None:
    bad = [{"name": "1"}, {"name": "a"}, {"name": "A"}, {"name": "c", "type": "choice"}]
    status, detail = await library.refusal("POST", json={"name": "x", "content": "y", "parameters": bad})
    assert status == 400
    for says in ("not beginning with a digit", "same variable on Windows", "at least one choice"):
        assert says in detail
    await library.make()
    assert (await library.refusal("PUT", "/1", json={"parameters": bad}))[0] == 400
    assert (await library.call("GET", "/1")).json()["version"] == 1
    large = [{"name": f"p{n}", "description": "x" * 2000} for n in range(100)] + [
        {"name": "c", "type": "choice", "choices": ["x" * 30_000, "y" * 30_000, "z" * 20_000]}
    ]
    assert "100 parameters at most" in (await library.refusal("PUT", "/1", json={"parameters": large}))[1]
    assert "Shorten" in (await library.refusal("PUT", "/1", json={"parameters": large[1:]}))[1]


async def test_cmd_gets_no_secrets_whichever_comes_first(library: Library) -> None:
    secret = {"name": "key", "type": "secret"}
    refused = await library.refusal(
        "POST", json={"name": "x", "content": "y", "language": "cmd", "parameters": [secret]}
    )
    assert "cannot be a secret" in refused[1]
    await library.make(parameters=[secret])
    assert "cannot be a secret" in (await library.refusal("PUT", "/1", json={"language": "cmd"}))[1]
    await library.make(name="Batch", language="cmd")
    assert "cannot be a secret" in (await library.refusal("PUT", "/2", json={"parameters": [secret]}))[1]


async def test_a_run_is_told_what_is_declared(library: Library) -> None:
    await library.make(parameters=[COUNT], idempotent=True)
    await library.call("PUT", "/1", json={"parameters": []})
    service = library.service
    api = service.feature("library").api
    now = await service.kernel.database.read(lambda session: api.script_for_run(session, script_id=1))
    then = await service.kernel.database.read(lambda session: api.script_for_run(session, revision_id=1))
    assert (now.parameters, now.idempotent) == ((), True)
    assert then.parameters == (ScriptParameter("count", ParameterType.NUMBER, default=3, minimum=1.0),)
