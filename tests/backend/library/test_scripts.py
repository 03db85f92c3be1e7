"""Scripts over HTTP: the documented answers, revisions that never change, sentences for what is refused."""

import hashlib
from typing import Any

import pytest

from backend_lite.contract.library import MAX_CONTENT
from backend_lite.core.events.bus import Changed
from tests.backend.library.library import HELLO, Library
from tests.helpers.service import OWNER, InProcess

pytestmark = pytest.mark.anyio


@pytest.fixture
def changes(service: InProcess) -> list[Changed]:
    heard: list[Changed] = []
    service.kernel.bus.subscribe(Changed, heard.append)
    return heard


async def test_a_script_is_made_and_read_as_documented(library: Library) -> None:
    made = await library.make(description="First words", target_os_type="ubuntu", timeout_s=60)
    assert made == {
        "id": 1,
        "name": "Say hello",
        "description": "First words",
        "language": "bash",
        "target_os_type": "ubuntu",
        "content": "echo hello\n",
        "created_at": "2027-01-15T08:00:00.000Z",
        "updated_at": "2027-01-15T08:00:00.000Z",
        "revision": 1,
        "revision_id": 1,
        "timeout_s": 60,
        "version": 1,
        "parameters": [],
        "idempotent": False,
        "folder": "",
        "tags": [],
        "detect": None,
        "undo": None,
        "author": OWNER,
    }
    for path in ("/1", "/1/"):
        answer = await library.call("GET", path)
        assert (answer.json(), answer.headers["ETag"]) == (made, '"1"')
    for path in ("", "/"):
        assert (await library.call("GET", path)).json() == [made]


async def test_what_a_client_leaves_out_is_as_documented(library: Library) -> None:
    answer = await library.call("POST", json={"name": "Bare", "content": "Get-Date"})
    made = answer.json()
    assert (made["language"], made["description"], made["target_os_type"]) == ("powershell", None, None)
    assert made["timeout_s"] == 1800


async def test_content_comes_back_byte_for_byte(library: Library) -> None:
    content = "#!/bin/sh\r\n\techo 'Grüße 🦉'\r\n\n  exit 0  "
    assert (await library.make(content=content))["content"] == content


async def test_a_name_is_taken_in_any_case_and_free_after_deletion(library: Library) -> None:
    made = await library.make()
    taken = await library.call("POST", json=HELLO | {"name": "  SAY   Hello "})
    assert (taken.status_code, taken.json()["detail"]) == (400, "Script with this name already exists")
    other = await library.make(name="Other")
    assert await library.refusal("PUT", f"/{other['id']}", json={"name": "say hello"}) == (
        400,
        "Script with this name already exists",
    )
    assert (await library.call("PUT", f"/{made['id']}", json={"name": "SAY HELLO"})).status_code == 200
    assert (await library.call("DELETE", f"/{made['id']}")).status_code == 204
    assert (await library.make())["id"] == 3, "an id is never used again"


async def test_changed_content_makes_a_revision_and_a_label_does_not(library: Library) -> None:
    await library.make()
    named = (await library.call("PUT", "/1", json={"name": "Hi", "timeout_s": 5})).json()
    assert (named["revision"], named["version"], named["name"]) == (1, 2, "Hi")
    changed = (await library.call("PUT", "/1", json={"content": "echo hi", "message": "shorter"})).json()
    assert (changed["revision"], changed["version"], changed["content"]) == (2, 3, "echo hi")
    language = (await library.call("PUT", "/1", json={"language": "sh"})).json()
    assert (language["revision"], language["content"], language["language"]) == (3, "echo hi", "sh")
    page = (await library.call("GET", "/1/revisions")).json()
    assert page["next"] is None
    assert [(row["number"], row["language"], row["content"], row["message"]) for row in page["items"]] == [
        (3, "sh", "echo hi", ""),
        (2, "bash", "echo hi", "shorter"),
        (1, "bash", "echo hello\n", ""),
    ]
    first = (await library.call("GET", "/1/revisions/1")).json()
    assert first == page["items"][2]
    assert first["author"] == OWNER
    assert first["content_hash"] == "sha256:" + hashlib.sha256(b"echo hello\n").hexdigest()


async def test_saving_what_is_there_changes_nothing(library: Library, changes: list[Changed]) -> None:
    made = await library.make(description="x")
    changes.clear()
    answer = await library.call("PUT", "/1", json=HELLO | {"description": "x"})
    assert answer.json() == made
    assert changes == []


async def test_null_empties_what_may_be_empty(library: Library) -> None:
    await library.make(description="x", target_os_type="linux")
    answer = await library.call("PUT", "/1", json={"description": None, "target_os_type": None})
    assert (answer.json()["description"], answer.json()["target_os_type"]) == (None, None)
    assert (await library.call("PUT", "/1", json={"name": None})).status_code == 422


async def test_a_stale_change_is_refused_with_what_changed(library: Library) -> None:
    await library.make()
    await library.call("PUT", "/1", json={"content": "echo 2"}, headers={"If-Match": '"1"'})
    await library.call("PUT", "/1", json={"description": "new"})
    assert await library.refusal("PUT", "/1", json={"name": "Mine"}, headers={"If-Match": '"1"'}) == (
        409,
        '"Say hello" was changed meanwhile (content, description): you have version 1, now it is 3. '
        "Load it again, then make your change.",
    )
    status, detail = await library.refusal("DELETE", "/1", headers={"If-Match": 'W/"2"'})
    assert (status, "(description)" in detail) == (409, True)
    assert (await library.refusal("PUT", "/1", json={}, headers={"If-Match": "three"}))[0] == 400
    assert (await library.call("PUT", "/1", json={}, headers={"If-Match": "*"})).status_code == 200
    assert (await library.call("DELETE", "/1", headers={"If-Match": '"3"'})).status_code == 204


async def test_a_deleted_script_is_gone_and_its_revisions_stay_for_runs(
    service: InProcess, library: Library
) -> None:
    made = await library.make()
    assert (await library.call("DELETE", "/1")).status_code == 204
    for method, path in (
        ("GET", ""),
        ("PUT", ""),
        ("DELETE", ""),
        ("GET", "/revisions"),
        ("GET", "/revisions/1"),
    ):
        body: dict[str, Any] = {"json": {}} if method == "PUT" else {}
        assert await library.refusal(method, f"/1{path}", **body) == (404, "Script not found")
    api = service.feature("library").api
    pinned = await service.kernel.database.read(
        lambda session: api.script_for_run(session, revision_id=made["revision_id"])
    )
    assert (pinned.content, pinned.name, pinned.revision) == (HELLO["content"], "Say hello", 1)
    with pytest.raises(Exception, match="Script not found"):
        await service.kernel.database.read(lambda session: api.script_for_run(session, script_id=1))


async def test_a_run_gets_the_current_revision_or_the_one_it_names(
    service: InProcess, library: Library
) -> None:
    await library.make(timeout_s=7, target_os_type="debian")
    await library.call("PUT", "/1", json={"content": "echo 2"})
    api, read = service.feature("library").api, service.kernel.database.read
    current = await read(lambda session: api.script_for_run(session, script_id=1))
    assert (current.revision, current.content, current.timeout_s) == (2, "echo 2", 7)
    assert (current.target_os_type, current.language, current.script_id) == ("debian", "bash", 1)
    first = await read(lambda session: api.script_for_run(session, revision_id=1))
    assert (first.revision, first.content) == (1, "echo hello\n")
    with pytest.raises(Exception, match="revision not found"):
        await read(lambda session: api.script_for_run(session, revision_id=99))


@pytest.mark.parametrize(
    ("fields", "status", "sentence"),
    [
        ({"name": " \t"}, 400, "A script needs a name."),
        ({"name": "n" * 201}, 400, "The name has 201 characters; at most 200 are allowed."),
        ({"name": "bell\a"}, 400, "The name holds a control character; type it again."),
        ({"content": ""}, 400, "The script is empty: write what it should do."),
        ({"content": " \r\n\t"}, 400, "The script is empty: write what it should do."),
        ({"content": "echo\0"}, 400, "The script holds a NUL character: it is not text."),
        ({"content": "é" * (MAX_CONTENT // 2) + "x"}, 413, "The script has 524,289 bytes; at most 524,288"),
        ({"language": "ruby"}, 400, '"ruby" is no language that agents can run: use powershell, bash, sh,'),
        ({"target_os_type": "amiga"}, 400, '"amiga" is no known operating system: use windows,'),
        ({"timeout_s": 0}, 400, "The timeout must be between 1 and 604800 seconds."),
        ({"description": "d" * 4001}, 400, "The description has 4001 characters; at most 4000 are allowed."),
    ],
)  # fmt: skip
async def test_bad_input_is_refused_with_a_sentence(
    library: Library, fields: dict[str, object], status: int, sentence: str
) -> None:
    for refused in (
        await library.refusal("POST", json=HELLO | fields),
        (await library.make(), await library.refusal("PUT", "/1", json=fields))[1],
    ):
        assert refused[0] == status
        assert refused[1].startswith(sentence)
    assert len((await library.call("GET")).json()) == 1


async def test_the_largest_script_fits_however_it_is_written(library: Library) -> None:
    content = "\x01" * MAX_CONTENT
    assert (await library.make(content=content))["content"] == content


async def test_lists_are_cut_sorted_and_searched(service: InProcess, library: Library) -> None:
    for name, description in (("beta", "Reinigt Öfen"), ("Alpha", None), ("gamma", "100% _done_")):
        await library.make(name=name, description=description)
        service.clock.advance(1)

    async def names(**params: str | int) -> list[str]:
        answer = await library.call("GET", params=params)
        assert answer.status_code == 200, answer.text
        return [script["name"] for script in answer.json()]

    assert await names() == ["Alpha", "beta", "gamma"]
    assert await names(sort="-created_at") == ["gamma", "Alpha", "beta"]
    assert await names(limit=1, offset=1) == ["beta"]
    assert await names(offset=2) == ["gamma"]
    assert await names(q="ÖFEN") == ["beta"]
    assert await names(q="a be") == ["beta"]
    assert await names(q="100%") == ["gamma"]
    assert await names(q="_") == ["gamma"], "_ is a letter like any other"
    counted = await library.call("GET", params={"limit": 1, "q": "a"})
    assert counted.headers["X-Total-Count"] == "3"
    assert await library.refusal("GET", params={"sort": "content"}) == (
        400,
        'Cannot sort by "content": use one of name, folder, language, os, revision, created_at, '
        "updated_at, id, with - to reverse.",
    )
    for bad in ({"limit": -1}, {"offset": -1}, {"limit": "x"}):
        assert (await library.call("GET", params=bad)).status_code == 422


async def test_revisions_come_in_pages(library: Library) -> None:
    await library.make()
    for n in range(2, 6):
        await library.call("PUT", "/1", json={"content": f"echo {n}"})
    numbers: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await library.call("GET", "/1/revisions/", params={"limit": 2, **cursor})).json()
        numbers += [row["number"] for row in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert numbers == [5, 4, 3, 2, 1]
    assert (await library.refusal("GET", "/1/revisions", params={"cursor": "x"}))[0] == 400
    assert await library.refusal("GET", "/1/revisions/6") == (404, "The script has no revision 6.")


async def test_consoles_hear_of_every_change(
    service: InProcess, library: Library, changes: list[Changed]
) -> None:
    made = await library.make()
    changed = (await library.call("PUT", "/1", json={"content": "echo 2"})).json()
    await library.call("POST", json=HELLO)
    kind = service.kernel.live.kinds["script"]
    assert kind.permission == "scripts:view"
    assert kind.snapshot is not None
    assert [script.id for script in await kind.snapshot()] == [1]  # type: ignore[attr-defined]
    await library.call("DELETE", "/1")
    assert changes == [
        Changed("script", 1, made),
        Changed("script", 1, changed),
        Changed("script", 1, None),
    ]
    assert await kind.snapshot() == []


async def test_a_number_that_no_database_holds_is_just_not_there(library: Library) -> None:
    await library.make()
    huge = 2**64
    assert await library.refusal("GET", f"/{huge}") == (404, "Script not found")
    assert await library.refusal("DELETE", f"/-{huge}") == (404, "Script not found")
    assert (await library.call("GET", f"/1/revisions/{huge}")).status_code == 404
    assert (await library.call("GET", "/1/revisions", params={"cursor": huge})).status_code == 400
    assert (await library.call("GET", params={"limit": huge})).status_code == 422


async def test_a_text_is_looked_through_without_being_saved(library: Library) -> None:
    answer = await library.call(
        "POST", "/findings", json={"language": "bash", "content": "echo hi\nrm -rf /srv/data\n"}
    )
    assert answer.status_code == 200
    assert [(found["severity"], found["line"]) for found in answer.json()] == [("warning", 2)]
    assert (await library.call("GET")).json() == []
    assert (await library.call("POST", "/findings", json={"language": "bash", "content": ""})).json() == []


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ({"language": "perl", "content": "x"}, 400, "no language that agents can run"),
        ({"language": "bash", "content": "x" * (MAX_CONTENT + 1)}, 413, "at most"),
    ],
)
async def test_a_text_that_could_not_be_saved_is_not_looked_through(
    library: Library, text: dict[str, str], status: int, said: str
) -> None:
    code, sentence = await library.refusal("POST", "/findings", json=text)
    assert (code, said in sentence) == (status, True)
