"""What a script has besides its text: folder, tags, what detects and what undoes it, and copies of it all."""

import pytest

from backend_lite.contract.library import MAX_CONTENT
from backend_lite.core.db.references import Reference
from tests.backend.library.library import HELLO, Library
from tests.helpers.service import InProcess

pytestmark = pytest.mark.anyio


async def test_detect_and_undo_are_parts_of_a_revision(service: InProcess, library: Library) -> None:
    await library.make(detect="exit 1", undo="echo bye")
    changed = (await library.call("PUT", "/1", json={"detect": "exit 0", "message": "there is none"})).json()
    assert (changed["revision"], changed["detect"], changed["undo"]) == (2, "exit 0", "echo bye")
    bare = (await library.call("PUT", "/1", json={"undo": " \n"})).json()
    assert (bare["revision"], bare["undo"], bare["content"]) == (3, None, HELLO["content"])
    page = (await library.call("GET", "/1/revisions")).json()
    assert [(one["detect"], one["undo"]) for one in page["items"]] == [
        ("exit 0", None),
        ("exit 0", "echo bye"),
        ("exit 1", "echo bye"),
    ]
    api, read = service.feature("library").api, service.kernel.database.read
    first = await read(lambda session: api.script_for_run(session, revision_id=1))
    assert (first.detect, first.undo) == ("exit 1", "echo bye")


async def test_a_label_makes_no_revision_and_is_checked(library: Library) -> None:
    made = await library.make(folder=" Windows / Clean  up//", tags=["disk ", "", "disk", "weekly 🧹"])
    assert (made["folder"], made["tags"]) == ("Windows/Clean up", ["disk", "weekly 🧹"])
    moved = (await library.call("PUT", "/1", json={"folder": "/", "tags": []})).json()
    assert (moved["folder"], moved["tags"], moved["revision"], moved["version"]) == ("", [], 1, 2)
    same = (await library.call("PUT", "/1", json={"folder": ""})).json()
    assert same["version"] == 2


@pytest.mark.parametrize(
    ("fields", "status", "sentence"),
    [
        ({"folder": "a/../b"}, 400, 'No folder can be called "." or "..";'),
        ({"folder": "a/\x07"}, 400, "The name holds a control character"),
        ({"folder": "/".join("a" * 25)}, 400, "25 folders stand in each other; at most 20 may."),
        ({"folder": "a" * 300 + "/" + "b" * 100}, 400, "The folder has 401 characters; at most 400"),
        ({"tags": ["t" * 61]}, 400, 'The tag "tttttttttttttttttttt..." has 61 characters; at most 60'),
        ({"tags": ["a,b"]}, 400, 'The tag "a,b" holds a comma: make two tags of it.'),
        ({"tags": [f"t{n}" for n in range(51)]}, 400, "The script has 51 tags; at most 50 are allowed."),
        ({"detect": "exit\0"}, 400, "The detect script holds a NUL character"),
        (
            {"detect": "x" * MAX_CONTENT},
            413,
            "The script, its detect and its undo have together 524,299 bytes; at most 524,288",
        ),
    ],
)  # fmt: skip
async def test_bad_parts_are_refused_with_a_sentence(
    library: Library, fields: dict[str, object], status: int, sentence: str
) -> None:
    for refused in (
        await library.refusal("POST", json=HELLO | fields),
        (await library.make(), await library.refusal("PUT", "/1", json=fields))[1],
    ):
        assert refused[0] == status
        assert refused[1].startswith(sentence)


async def test_all_texts_of_a_script_are_looked_through(library: Library) -> None:
    texts = {"content": "echo hi", "detect": "\nrm -rf /srv", "undo": "reboot"}
    found = (await library.call("POST", "/findings", json={"language": "bash", **texts})).json()
    assert [(one["part"], one["rule"], one["line"]) for one in found] == [
        ("detect", "delete", 2),
        ("undo", "restart", 1),
    ]


async def test_a_copy_has_everything_but_the_name(library: Library) -> None:
    made = await library.make(
        folder="Linux", tags=["a"], detect="exit 1", undo="echo bye", description="Why", timeout_s=5,
        target_os_type="ubuntu", parameters=[{"name": "Days", "type": "number"}], idempotent=True,
    )  # fmt: skip
    answer = await library.call("POST", "/1/duplicate")
    copy = answer.json()
    assert (answer.status_code, answer.headers["ETag"]) == (201, '"1"')
    own = {"id": 2, "name": "Say hello (copy)", "revision_id": 2}
    assert copy == made | own
    assert (await library.call("POST", "/2/duplicate", json={})).json()["name"] == "Say hello (copy 2)"
    named = await library.call("POST", "/1/duplicate", json={"name": " Other "})
    assert named.json()["name"] == "Other"
    assert await library.refusal("POST", "/1/duplicate", json={"name": "OTHER"}) == (
        400,
        "Script with this name already exists",
    )
    revision = (await library.call("GET", "/2/revisions/1")).json()
    assert revision["message"] == 'Copied from "Say hello", revision 1'
    assert await library.refusal("POST", "/99/duplicate") == (404, "Script not found")


async def test_what_is_used_is_not_deleted(service: InProcess, library: Library) -> None:
    await library.make()
    users = [Reference("profile", 1, "Kiosk"), Reference("template", 2, "Base")]
    service.kernel.references.register("script", lambda _session, _script_id: users)
    answer = await library.call("DELETE", "/1")
    assert (answer.status_code, answer.json()["code"]) == (409, "in_use")
    assert answer.json()["detail"] == (
        '"Say hello" is still used by profile "Kiosk", template "Base". Change or delete that first.'
    )
    users.clear()
    assert (await library.call("DELETE", "/1", headers={"If-Match": '"9"'})).status_code == 409
    assert (await library.call("DELETE", "/1", headers={"If-Match": '"1"'})).status_code == 204


async def test_everybody_has_favorites_of_their_own(service: InProcess, library: Library) -> None:
    for name in ("b", "a"):
        await library.make(name=name)
    for script_id, ids in ((1, [1]), (2, [2, 1]), (2, [2, 1])):
        answer = await library.call("PUT", f"/{script_id}/favorite")
        assert (answer.status_code, answer.json()) == (200, {"script_ids": ids})
    assert (await library.call("GET", "/favorites")).json() == {"script_ids": [2, 1]}
    for _twice in range(2):
        assert (await library.call("DELETE", "/2/favorite")).status_code == 204
    assert (await library.call("GET", "/favorites")).json() == {"script_ids": [1]}
    await library.call("DELETE", "/1")
    assert (await library.call("GET", "/favorites")).json() == {"script_ids": []}
    assert await library.refusal("PUT", "/1/favorite") == (404, "Script not found")
