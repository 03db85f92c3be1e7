"""Software items over HTTP: the documented body as written, a sentence for what cannot be installed."""

from typing import Any

import httpx
import pytest

from backend_lite.contract.live import SOFTWARE as KIND
from backend_lite.contract.query import matcher, parse
from backend_lite.contract.software import SOFTWARE
from backend_lite.contract.software_query import SOFTWARE_FIELDS, software_values
from backend_lite.core.db.references import Reference
from backend_lite.core.events.bus import Changed
from backend_lite.errors import InvalidError
from tests.helpers.service import InProcess

pytestmark = pytest.mark.anyio

DOCUMENTED = {"name": "7-Zip", "install_command": "choco install 7zip -y"}
MSI = {
    "name": "7-Zip",
    "installer_type": "msi",
    "source_type": "url",
    "source": "https://example.org/dl/7z%202301-x64.msi",
}
SHA = "ab" * 32


class Shelf:
    """The owner among the software items."""

    def __init__(self, service: InProcess, signed_in: dict[str, str]) -> None:
        self.service = service
        self._headers = signed_in

    async def call(self, method: str, path: str = "", **more: Any) -> httpx.Response:
        sent = self._headers | more.pop("headers", {})
        return await self.service.client.request(method, SOFTWARE + path, headers=sent, **more)

    async def make(self, **fields: object) -> dict[str, Any]:
        answer = await self.call("POST", json=DOCUMENTED | fields)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def refusal(self, method: str, path: str = "", **more: Any) -> tuple[int, str]:
        answer = await self.call(method, path, **more)
        return answer.status_code, answer.json()["detail"]

    async def refused(self, **fields: object) -> str:
        status, detail = await self.refusal("POST", json=fields)
        assert status == 400, detail
        return detail

    async def found(self, query: str) -> list[str]:
        """What the service finds; the window must find the same."""
        answer = await self.call("GET", params={"q": query})
        assert answer.status_code == 200, answer.text
        names = [item["name"] for item in answer.json()]
        holds, now = matcher(parse(query, SOFTWARE_FIELDS)), self.service.clock.now_ms()
        everything = (await self.call("GET")).json()
        assert names == [item["name"] for item in everything if holds(software_values(item, now))], query
        return names


@pytest.fixture
async def shelf(service: InProcess) -> Shelf:
    return Shelf(service, await service.sign_in())


@pytest.fixture
def changes(service: InProcess) -> list[Changed]:
    heard: list[Changed] = []
    service.kernel.bus.subscribe(Changed, heard.append)
    return heard


async def test_the_documented_body_makes_an_item(shelf: Shelf, changes: list[Changed]) -> None:
    made = await shelf.make(description="Packs files", tags="tools, free")
    assert made == {
        "id": 1,
        "name": "7-Zip",
        "slug": "7-zip",
        "version_text": "",
        "description": "Packs files",
        "tags": "tools, free",
        "publisher": "",
        "installer_type": "custom",
        "source_type": "none",
        "source": "",
        "file_name": "",
        "file_size": None,
        "sha256": None,
        "language": "",
        "install_command": "choco install 7zip -y",
        "install_args": "",
        "uninstall_command": "",
        "uninstall_args": "",
        "detection": {"type": "none", "value": "", "version": ""},
        "exit_codes": [0],
        "timeout_s": 1800,
        "target_os_type": None,
        "created_at": "2027-01-15T08:00:00.000Z",
        "updated_at": "2027-01-15T08:00:00.000Z",
        "version": 1,
    }
    for path in ("/1", "/1/"):
        answer = await shelf.call("GET", path)
        assert (answer.json(), answer.headers["ETag"]) == (made, '"1"')
    for path in ("", "/"):
        listed = await shelf.call("GET", path)
        assert (listed.json(), listed.headers["X-Total-Count"]) == ([made], "1")
    assert [(event.kind, event.id, event.change) for event in changes if event.kind == KIND] == [
        (KIND, 1, made)
    ]


async def test_optional_fields_may_be_null(shelf: Shelf) -> None:
    made = await shelf.make(description=None, tags=None)
    assert (made["description"], made["tags"]) == (None, "")


async def test_a_name_is_taken_in_any_case_and_free_after_deletion(shelf: Shelf) -> None:
    await shelf.make()
    taken = (400, "Software with this name already exists")
    assert await shelf.refusal("POST", json=DOCUMENTED | {"name": " 7-ZIP "}) == taken
    assert (await shelf.make(name="7 zip"))["slug"] == "7-zip-2"
    assert await shelf.refusal("PUT", "/2", json={"name": "7-Zip"}) == taken
    await shelf.make(name="Other", slug="own")
    assert await shelf.refusal("PUT", "/2", json={"slug": "own"}) == (
        400,
        'The slug "own" is taken by another item.',
    )
    assert (await shelf.call("DELETE", "/1")).status_code == 204
    assert (await shelf.make())["id"] == 4
    for method in ("GET", "PUT", "DELETE"):
        body: dict[str, Any] = {"json": {}} if method == "PUT" else {}
        assert await shelf.refusal(method, "/1", **body) == (404, "Software not found")


async def test_a_slug_follows_from_any_name(shelf: Shelf) -> None:
    names = {"Über-Tool 2": "uber-tool-2", "日本語": "item", 'a/b\\c"d': "a-b-c-d", "🦉 owl": "owl"}
    for name, slug in names.items():
        made = await shelf.make(name=name)
        assert (made["name"], made["slug"]) == (name, slug)


async def test_a_name_of_300_characters_is_refused_with_the_limit(shelf: Shelf) -> None:
    detail = await shelf.refused(**DOCUMENTED | {"name": "x" * 300})
    assert detail == "The name has 300 characters; at most 200 are allowed."


async def test_a_change_is_one_version_and_a_stale_one_is_refused(shelf: Shelf) -> None:
    await shelf.make()
    changed = await shelf.call("PUT", "/1", json={"publisher": "Igor"}, headers={"If-Match": '"1"'})
    assert (changed.json()["version"], changed.json()["slug"]) == (2, "7-zip")
    same = await shelf.call("PUT", "/1", json={"publisher": "Igor"})
    assert same.json() == changed.json()
    status, detail = await shelf.refusal("PUT", "/1", json={"name": "x"}, headers={"If-Match": '"1"'})
    assert (status, "(publisher)" in detail) == (409, True)
    assert (await shelf.refusal("DELETE", "/1", headers={"If-Match": '"1"'}))[0] == 409


async def test_a_change_is_checked_together_with_what_is_there(shelf: Shelf) -> None:
    await shelf.make(**MSI, install_command="")
    status, detail = await shelf.refusal("PUT", "/1", json={"source_type": "none"})
    assert (status, detail.startswith("source is required unless")) == (400, True)
    assert (await shelf.refusal("PUT", "/1", json={"target_os_type": "ubuntu"}))[1] == (
        "msi installs on windows, and the item is for ubuntu. Change one of the two."
    )


async def test_what_is_used_stays(service: InProcess, shelf: Shelf) -> None:
    await shelf.make()
    users = [Reference("profile", n, f"Base {n}") for n in range(1, 13)]
    service.kernel.references.register(KIND, lambda _session, item: users if item == 1 else [])
    status, detail = await shelf.refusal("DELETE", "/1")
    assert status == 409
    assert detail.startswith('"7-Zip" is still used by profile "Base 1", profile "Base 2"')
    assert "and 2 more" in detail
    assert (await shelf.call("GET", "/1")).status_code == 200


async def test_a_copy_gets_a_name_and_a_slug_of_its_own(shelf: Shelf) -> None:
    await shelf.make(exit_codes=[0, 3010], tags="a,b")
    first = (await shelf.call("POST", "/1/duplicate")).json()
    second = (await shelf.call("POST", "/1/duplicate", json={})).json()
    named = (await shelf.call("POST", "/1/duplicate", json={"name": "Mine"})).json()
    assert [one["name"] for one in (first, second, named)] == ["7-Zip (copy)", "7-Zip (copy 2)", "Mine"]
    assert [one["slug"] for one in (first, second, named)] == ["7-zip-copy", "7-zip-copy-2", "mine"]
    assert (first["exit_codes"], first["tags"], first["version"]) == ([0, 3010], "a,b", 1)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"name": "x"}, "needs an install_command"),
    ({"name": "x", "installer_type": "magic"}, "no way to install"),
    ({"name": "x", "installer_type": "msi"}, "source is required unless using winget or choco"),
    ({"name": "x", "installer_type": "script", "install_command": "x"}, "in which language"),
    ({"name": "x", "installer_type": "winget", "source_type": "url"}, "by itself"),
    ({"name": "x", "installer_type": "apt", "source": "a;b"}, "cannot be the name of a package"),
    ({"name": "x", "installer_type": "apt", "source": "--yes"}, "cannot be the name of a package"),
    ({**MSI, "source_type": "ftp"}, "no source of files"),
    ({**MSI, "source": "ftp://example.org/x.msi"}, "no address to download from"),
    ({**MSI, "source": "https:///x.msi"}, "no address to download from"),
    ({**MSI, "source": "https://[::1/x"}, "no address to download from"),
    ({**MSI, "source": "https://example.org:99999/x"}, "no address to download from"),
    ({**MSI, "source": "https://u:p@example.org/x.msi"}, "name and password"),
    ({**MSI, "source": "http://example.org/x.msi"}, "use https, or name its sha256"),
    ({**MSI, "source": "https://example.org/x\n.msi"}, "one line"),
    ({**MSI, "sha256": "abc"}, "is no SHA-256"),
    ({**MSI, "source_type": "file_share", "source": r"server\share\x.msi"}, "no whole path"),
    ({**MSI, "source_type": "file_share", "source": r"\\server\x"[:8]}, "no whole path"),
    ({**MSI, "source_type": "file_share", "source": r"\\server\share\..\x.msi"}, "no whole path"),
    ({**MSI, "source_type": "local_path", "source": "x.msi"}, "no whole path"),
    ({**MSI, "source_type": "local_path", "source": "C:x.msi"}, "no whole path"),
    ({**MSI, "source_type": "local_path", "source": r"\\server\share\x.msi"}, "path of a share"),
    ({**MSI, "source_type": "upload"}, "Upload the file first"),
    (
        {**MSI, "source_type": "upload", "sha256": SHA, "file_name": "x.msi"},
        "keeps no file with the SHA-256",
    ),
    ({**MSI, "target_os_type": "linux"}, "msi installs on windows"),
    ({**MSI, "install_args": "/qn\n/norestart"}, "one line"),
    ({**MSI, "install_args": "\0"}, "NUL"),
    ({**MSI, "uninstall_command": "\0x"}, "NUL"),
    ({**MSI, "exit_codes": []}, "exit codes that mean success"),
    ({**MSI, "exit_codes": [2**40]}, "cannot be an exit code"),
    ({**MSI, "timeout_s": -1}, "between 1 and"),
    ({**MSI, "slug": "Not A Slug"}, "will not do as a slug"),
    ({**MSI, "tags": 'a,"b"'}, "holds a quote"),
    ({**MSI, "detection": {"type": "package"}}, "Only a package manager knows packages"),
    ({**MSI, "detection": {"type": "msi_product", "value": "{123}"}}, "product code"),
    ({**MSI, "detection": {"type": "registry", "value": "SOFTWARE\\x"}}, "such as HKLM"),
    ({**MSI, "detection": {"type": "file", "value": "/usr/bin/x"}}, "such as C:"),
    ({**MSI, "detection": {"type": "installed"}}, "such as 7-Zip*"),
    ({**MSI, "detection": {"type": "file", "value": "C:\\x", "version": "new"}}, "is no version"),
    ({**MSI, "detection": {"type": "script", "value": "exit 0"}}, "in which language"),
    (
        {**DOCUMENTED, "target_os_type": "linux", "detection": {"type": "registry", "value": "HKLM\\x"}},
        "Only Windows",
    ),
]
KEPT: list[dict[str, Any]] = [
    MSI | {"sha256": f"sha256:{SHA.upper()}", "target_os_type": "windows_server"},
    MSI | {"source": "http://example.org/x.msi", "sha256": SHA},
    MSI | {"source_type": "file_share", "source": r"\\server\share\x.msi"},
    MSI | {"source_type": "file_share", "source": "/mnt/share/x.msi"},
    MSI | {"source_type": "local_path", "source": r"C:\Install\x.msi"},
    MSI | {"detection": {"type": "registry", "value": r"HKLM\SOFTWARE\7-Zip@Path", "version": "23.01"}},
    {"name": "x", "installer_type": "winget", "source": "7zip.7zip", "detection": {"type": "package"}},
    {"name": "x", "installer_type": "choco"},
    {"name": "x", "installer_type": "apt", "source": "p7zip-full", "target_os_type": "ubuntu"},
    {"name": "x", "installer_type": "script", "install_command": "x", "language": "bash"},
]


async def test_what_cannot_work_is_refused(shelf: Shelf) -> None:
    for fields, says in REFUSED:
        assert says in await shelf.refused(**fields), fields


async def test_what_can_work_is_kept(shelf: Shelf) -> None:
    for number, fields in enumerate(KEPT, 1):
        made = await shelf.make(**{"install_command": ""} | fields | {"name": f"Item {number}"})
        again = await shelf.call("PUT", f"/{made['id']}", json={"description": "again"})
        assert again.status_code == 200, again.text


async def test_what_can_be_taken_from_a_value_is_taken(shelf: Shelf) -> None:
    made = await shelf.make(
        **MSI,
        sha256=f"SHA256:{SHA.upper()}",
        detection={"type": "msi_product", "value": "23170f69-40c1-2702-2301-000001000000"},
        exit_codes=[0, 0, 3010],
    )
    assert (made["sha256"], made["file_name"], made["exit_codes"]) == (SHA, "7z 2301-x64.msi", [0, 3010])
    assert made["detection"]["value"] == "{23170F69-40C1-2702-2301-000001000000}"


async def test_items_are_found_by_the_query_language(shelf: Shelf) -> None:
    await shelf.make(tags="tools, free", publisher="Igor")
    await shelf.make(**MSI | {"name": "Chrome"}, install_command="", version_text="120.1")
    await shelf.make(
        name="htop", installer_type="apt", install_command="", detection={"type": "package"}, tags="tools"
    )
    for query, names in {
        "": ["7-Zip", "Chrome", "htop"],
        "tag:tools": ["7-Zip", "htop"],
        "tag:FREE": ["7-Zip"],
        "tag:*": ["7-Zip", "htop"],
        "type:msi or type:apt": ["Chrome", "htop"],
        "source:url": ["Chrome"],
        "detects:yes": ["htop"],
        "-detects:yes": ["7-Zip", "Chrome"],
        "version:120 file:x64": ["Chrome"],
        "publisher:igor": ["7-Zip"],
        "changed<1h id:2": ["Chrome"],
        "size:*": [],
        "-publisher:*": ["Chrome", "htop"],
        "TOOLS or 'x' or \"7-Z\"": ["7-Zip", "htop"],
        "os:windows": [],
    }.items():
        assert await shelf.found(query) == names, query
    page = await shelf.call("GET", params={"limit": 1, "offset": 1, "sort": "-name"})
    assert ([item["name"] for item in page.json()], page.headers["X-Total-Count"]) == (["Chrome"], "3")
    status, detail = await shelf.refusal("GET", params={"q": "colour:red"})
    assert (status, 'no field "colour"' in detail) == (400, True)


async def test_an_item_becomes_a_job_for_a_device(service: InProcess, shelf: Shelf) -> None:
    await shelf.make(**MSI, install_command="", install_args="/qn", uninstall_args="/qn /x", sha256=SHA)
    await shelf.make(name="htop", installer_type="apt", install_command="")
    await shelf.make(name="Own")
    api = service.feature("library").api
    read = service.kernel.database.read
    msi = await read(lambda session: api.software_for_run(session, 1))
    assert (msi.target_os_type, msi.timeout_s, msi.exit_codes, msi.file) == ("windows", 1800, (0,), None)
    job = msi.job("install")
    assert (job.action, job.installer_type, job.source, job.sha256) == ("install", "msi", MSI["source"], SHA)
    assert (job.arguments, job.file_name) == ("/qn", "7z 2301-x64.msi")
    assert (msi.job("uninstall").action, msi.job("uninstall").arguments) == ("uninstall", "/qn /x")
    apt = await read(lambda session: api.software_for_run(session, 2))
    assert (apt.target_os_type, apt.job("install").source) == ("linux", "htop")
    own = await read(lambda session: api.software_for_run(session, 3))
    assert own.job("install").command == "choco install 7zip -y"
    with pytest.raises(InvalidError, match="add an uninstall command"):
        own.job("uninstall")
