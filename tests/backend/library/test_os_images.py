"""Images of operating systems: a catalogue whose files were verified, handed out in any range."""

import hashlib
from typing import Any

import httpx
import pytest

from backend_lite.contract.image_query import OS_IMAGE_FIELDS, image_values
from backend_lite.contract.images import OS_IMAGE_UPLOADS, OS_IMAGES
from backend_lite.contract.live import OS_IMAGE as KIND
from backend_lite.contract.query import matcher, parse
from backend_lite.core.db.references import Reference
from tests.backend.library.test_uploads import Sender
from tests.helpers.service import InProcess

pytestmark = pytest.mark.anyio

CONTENT = bytes(range(256)) * 20
SHA = hashlib.sha256(CONTENT).hexdigest()
OTHER = hashlib.sha256(b"other").hexdigest()


class Catalogue:
    """The owner among the images."""

    def __init__(self, service: InProcess, signed_in: dict[str, str]) -> None:
        self.service = service
        self._headers = signed_in
        self.sender = Sender(service, signed_in, OS_IMAGE_UPLOADS)

    async def call(self, method: str, path: str = "", **more: Any) -> httpx.Response:
        sent = self._headers | more.pop("headers", {})
        return await self.service.client.request(method, OS_IMAGES + path, headers=sent, **more)

    async def make(self, **fields: object) -> dict[str, Any]:
        answer = await self.call("POST", json={"name": "Ubuntu"} | fields)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def refusal(self, method: str, path: str = "", **more: Any) -> tuple[int, str]:
        answer = await self.call(method, path, **more)
        return answer.status_code, answer.json()["detail"]


@pytest.fixture
async def images(service: InProcess) -> Catalogue:
    return Catalogue(service, await service.sign_in())


async def test_an_image_gets_its_file_and_the_file_is_the_one_of_its_checksum(images: Catalogue) -> None:
    made = await images.make(
        version_text="24.04", edition="Server", os_type="ubuntu", architecture="amd64", checksum=SHA.upper()
    )
    assert (made["checksum"], made["file_sha256"], made["verified_at"]) == (f"sha256:{SHA}", None, None)
    stored = await images.sender.whole(CONTENT, file_name="ubuntu 24.04 🦉.iso")
    attached = await images.call(
        "PUT", "/1", json={"file_sha256": stored["sha256"], "file_name": stored["file_name"]}
    )
    assert attached.json() == made | {
        "file_name": "ubuntu 24.04 🦉.iso",
        "file_size": len(CONTENT),
        "file_sha256": SHA,
        "verified_at": "2027-01-15T08:00:00.000Z",
        "version": 2,
    }
    for path in ("/1", "/1/"):
        assert (await images.call("GET", path)).json() == attached.json()
    detached = (await images.call("PUT", "/1", json={"file_sha256": None})).json()
    assert (detached["file_name"], detached["file_size"], detached["verified_at"]) == ("", None, None)


async def test_a_file_that_differs_from_the_checksum_is_refused_with_both_named(images: Catalogue) -> None:
    await images.sender.whole(CONTENT)
    await images.sender.whole(b"other")
    await images.make(checksum=f"sha256:{OTHER}")
    attach = {"file_sha256": SHA, "file_name": "x.iso"}
    status, detail = await images.refusal("PUT", "/1", json=attach)
    assert (status, f"sha256:{SHA}" in detail, f"sha256:{OTHER}" in detail) == (400, True, True)
    assert (await images.refusal("POST", json={"name": "y", "checksum": OTHER} | attach))[0] == 400
    both = await images.call("PUT", "/1", json=attach | {"checksum": SHA})
    assert both.status_code == 200
    assert (await images.refusal("PUT", "/1", json={"checksum": OTHER}))[0] == 400
    assert (await images.call("PUT", "/1", json=attach | {"file_sha256": OTHER, "checksum": None})).is_success


async def test_what_is_wrong_is_said(images: Catalogue) -> None:
    await images.make()
    for body, says in (
        ({"name": ""}, "needs a name"),
        ({"name": " UBUNTU "}, "OS image with this name already exists"),
        ({"name": "x" * 300}, "300 characters; at most 200"),
        ({"name": "x", "os_type": "amiga"}, "no known operating system"),
        ({"name": "x", "checksum": "md5:12"}, "is no SHA-256"),
        ({"name": "x", "file_sha256": SHA}, "Name the file"),
        ({"name": "x", "file_sha256": SHA, "file_name": "x.iso"}, "keeps no file with the SHA-256"),
        ({"name": "x", "edition": "e" * 101}, "101 characters"),
        ({"name": "x", "storage_ref": "a\0b"}, "NUL"),
    ):
        status, detail = await images.refusal("POST", json=body)
        assert (status, says in detail) == (400, True), detail
    for method, path in (("GET", "/7"), ("PUT", "/7"), ("DELETE", "/7"), ("GET", "/7/file")):
        more: dict[str, Any] = {"json": {}} if method == "PUT" else {}
        assert await images.refusal(method, path, **more) == (404, "OS image not found")
    assert (await images.refusal("GET", "/1/file"))[1] == (
        'The service keeps no file of "Ubuntu". Upload it first.'
    )


async def test_a_file_is_handed_out_whole_and_in_ranges(images: Catalogue) -> None:
    await images.sender.whole(CONTENT)
    await images.make(file_sha256=SHA, file_name="x.iso")
    whole, head = await images.call("GET", "/1/file"), await images.call("HEAD", "/1/file")
    assert (whole.status_code, whole.content) == (200, CONTENT)
    assert (head.status_code, head.content, head.headers) == (200, b"", whole.headers)
    part = await images.call("GET", "/1/file/", headers={"Range": "bytes=300-399"})
    assert (part.status_code, part.content) == (206, CONTENT[300:400])
    beyond = await images.call("GET", "/1/file", headers={"Range": f"bytes={len(CONTENT)}-"})
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{len(CONTENT)}")


async def test_versions_and_users_are_minded(service: InProcess, images: Catalogue) -> None:
    await images.make()
    changed = await images.call("PUT", "/1", json={"edition": "Pro"}, headers={"If-Match": '"1"'})
    assert (changed.json()["version"], changed.headers["ETag"]) == (2, '"2"')
    status, detail = await images.refusal("PUT", "/1", json={"name": "x"}, headers={"If-Match": '"1"'})
    assert (status, "(edition)" in detail) == (409, True)
    users = [Reference("profile", 1, "Base")]
    service.kernel.references.register(KIND, lambda _session, image: users if image == 1 else [])
    assert await images.refusal("DELETE", "/1") == (
        409,
        '"Ubuntu" is still used by profile "Base". Change or delete that first.',
    )
    users.clear()
    assert (await images.call("DELETE", "/1")).status_code == 204
    assert (await images.make())["id"] == 2


async def test_images_are_found_by_the_query_language(images: Catalogue) -> None:
    await images.sender.whole(CONTENT)
    await images.make(
        os_type="ubuntu", version_text="24.04", architecture="amd64", file_sha256=SHA, file_name="x"
    )
    await images.make(name="Windows 11", os_type="windows", edition="Pro", language="de-DE")
    everything = (await images.call("GET")).json()
    for query, names in {
        "": ["Ubuntu", "Windows 11"],
        "os:linux": ["Ubuntu"],
        "verified:no": ["Windows 11"],
        "arch:amd64 size>1KB": ["Ubuntu"],
        "edition:pro lang:de-de": ["Windows 11"],
        "-os:windows": ["Ubuntu"],
        "24.04": ["Ubuntu"],
    }.items():
        answer = await images.call("GET", params={"q": query})
        assert [image["name"] for image in answer.json()] == names, query
        holds, now = matcher(parse(query, OS_IMAGE_FIELDS)), images.service.clock.now_ms()
        assert [one["name"] for one in everything if holds(image_values(one, now))] == names, query
    assert (await images.call("GET", params={"limit": 1})).headers["X-Total-Count"] == "2"
