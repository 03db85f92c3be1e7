"""The listener for boot firmware: off by default, and whatever is asked of it, only signed files come out."""

import asyncio
import errno
import hashlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from backend_lite.contract.images import BOOT_ENDPOINT, OS_IMAGE_UPLOADS, OS_IMAGES
from backend_lite.core.http.listener import bind
from backend_lite.features.library import boot
from tests.backend.library.test_uploads import Sender
from tests.helpers.service import InProcess, in_process

pytestmark = [pytest.mark.anyio, pytest.mark.sockets]

CONTENT = bytes(range(256)) * 5000
SHA = hashlib.sha256(CONTENT).hexdigest()


class Site:
    """The owner, an image with its file, and boot firmware without any credential."""

    def __init__(self, service: InProcess, signed_in: dict[str, str]) -> None:
        self.service = service
        self.headers = signed_in

    async def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        return await self.service.client.request(method, path, headers=self.headers, **more)

    async def switch(self, enabled: bool = True, **fields: object) -> dict[str, Any]:
        answer = await self.call("PUT", BOOT_ENDPOINT, json={"enabled": enabled} | fields)
        assert answer.status_code == 200, answer.text
        endpoint: dict[str, Any] = answer.json()
        return endpoint

    async def boot_url(self, ttl_s: int = 600) -> str:
        answer = await self.call("POST", f"{OS_IMAGES}/1/boot-url", json={"ttl_s": ttl_s})
        assert answer.status_code == 201, answer.text
        url: str = answer.json()["url"]
        return url


@asynccontextmanager
async def a_site(folder: Path, migrated: Path) -> AsyncIterator[Site]:
    async with in_process(folder, migrated) as service:
        library = service.feature("library")
        assert library.start is not None
        assert library.stop is not None
        await library.start()
        try:
            yield Site(service, await service.sign_in())
        finally:
            await library.stop()


@pytest.fixture
async def site(tmp_path: Path, migrated: Path) -> AsyncIterator[Site]:
    async with a_site(tmp_path / "data", migrated) as site:
        await Sender(site.service, site.headers, OS_IMAGE_UPLOADS).whole(CONTENT)
        image = {"name": "Ubuntu", "file_sha256": SHA, "file_name": "my ubuntu 🦉?.iso"}
        assert (await site.call("POST", OS_IMAGES, json=image)).status_code == 201
        yield site


@pytest.fixture
async def firmware() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


async def test_it_is_off_until_somebody_switches_it_on(site: Site, firmware: httpx.AsyncClient) -> None:
    view = (await site.call("GET", BOOT_ENDPOINT)).json()
    assert view == {"enabled": False, "host": "127.0.0.1", "port": 0, "url": "", "problem": "", "id": 1}
    refused = await site.call("POST", f"{OS_IMAGES}/1/boot-url")
    assert (refused.status_code, refused.json()["code"]) == (409, "boot_off")
    on = await site.switch()
    assert on["url"] == f"http://127.0.0.1:{on['port']}"
    url = await site.boot_url()
    answer = await firmware.get(url)
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert (await site.switch(enabled=False))["url"] == ""
    with pytest.raises(httpx.ConnectError):
        await firmware.get(url)
    assert (await site.switch())["port"] == on["port"], "the port stays"


async def test_it_answers_one_kind_of_request(site: Site, firmware: httpx.AsyncClient) -> None:
    base = (await site.switch())["url"]
    url = await site.boot_url()
    assert urlsplit(url).path.startswith("/boot/1.")
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"):
        answer = await firmware.request(method, url, content=b"x" if method == "POST" else None)
        assert (answer.status_code, answer.headers["Allow"], answer.content) == (405, "GET, HEAD", b"")
    head = await firmware.head(url)
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(CONTENT)))
    part = await firmware.get(url, headers={"Range": "bytes=1000000-1000009"})
    assert (part.status_code, part.content) == (206, CONTENT[1000000:1000010])
    paths = ("/", "/boot", "/boot/", "/boot/x/y", "/api/v1/health", "/openapi.json", "/api/v1/enroll/ca")
    for path in (*paths, "/boot/../api/v1/health", "/boot/%2e%2e/%2e%2e/keys/download.key"):
        answer = await firmware.get(base + path, headers=site.headers)
        assert (answer.status_code, answer.content) == (404, b""), path
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    answer = await firmware.get(base + "/api/v1/live", headers=upgrade | {"Sec-WebSocket-Key": "x" * 24})
    assert answer.status_code in (400, 403)


async def test_no_character_of_an_address_can_be_changed(site: Site) -> None:
    await site.switch()
    path = urlsplit(await site.boot_url()).path
    base = (await site.call("GET", BOOT_ENDPOINT)).json()["url"]
    async with httpx.AsyncClient(trust_env=False) as firmware:
        for index in range(len("/boot/"), len(path)):
            if path[index] == "%" or path[index - 1] == "%" or path[index - 2] == "%":
                continue
            other = "1" if path[index] != "1" else "2"
            changed = path[:index] + other + path[index + 1 :]
            assert (await firmware.head(base + changed)).status_code == 404, changed
        assert (await firmware.head(base + path)).status_code == 200
        for changed in (path + "x", path + "/", path + "%20", path.replace("/boot/1.", "/boot/01.")):
            assert (await firmware.head(base + changed)).status_code == 404, changed


async def test_an_address_ends_with_its_time_its_file_and_its_image(
    site: Site, firmware: httpx.AsyncClient
) -> None:
    await site.switch()
    url = await site.boot_url(60)
    site.service.clock.advance(59)
    assert (await firmware.head(url)).status_code == 200
    site.service.clock.advance(1)
    assert (await firmware.head(url)).status_code == 404
    url = await site.boot_url()
    await Sender(site.service, site.headers, OS_IMAGE_UPLOADS).whole(b"another")
    other = {"file_sha256": hashlib.sha256(b"another").hexdigest(), "file_name": "my ubuntu 🦉?.iso"}
    assert (await site.call("PUT", f"{OS_IMAGES}/1", json=other)).status_code == 200
    assert (await firmware.head(url)).status_code == 404
    url = await site.boot_url()
    assert (await firmware.get(url)).content == b"another"
    await site.call("DELETE", f"{OS_IMAGES}/1")
    assert (await firmware.head(url)).status_code == 404


async def test_times_and_places_are_checked(site: Site) -> None:
    await site.switch()
    for ttl_s in (59, 7 * 86_400 + 1, -1):
        answer = await site.call("POST", f"{OS_IMAGES}/1/boot-url", json={"ttl_s": ttl_s})
        assert (answer.status_code, "60 to 604800" in answer.json()["detail"]) == (400, True)
    for fields in ({"host": "example.org"}, {"host": ""}, {"port": 70000}):
        answer = await site.call("PUT", BOOT_ENDPOINT, json={"enabled": True} | fields)
        assert answer.status_code == 400, answer.text
    assert (await site.call("GET", BOOT_ENDPOINT)).json()["url"], "it goes on where it was"


async def test_another_machines_address_is_refused(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    before = await site.switch()
    real = bind

    def only_loopback(host: str, port: int) -> socket.socket:
        if host != "127.0.0.1":
            raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")
        return real(host, port)

    monkeypatch.setattr(boot, "bind", only_loopback)
    answer = await site.call("PUT", BOOT_ENDPOINT, json={"enabled": True, "host": "192.0.2.1"})
    assert (answer.status_code, answer.json()["detail"]) == (
        400,
        "192.0.2.1 is not an address of this machine.",
    )
    assert (await site.call("GET", BOOT_ENDPOINT)).json() == before


async def test_a_taken_port_is_refused_and_nothing_changes(site: Site, firmware: httpx.AsyncClient) -> None:
    before = await site.switch()
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        answer = await site.call("PUT", BOOT_ENDPOINT, json={"enabled": True, "port": port})
        assert (answer.status_code, answer.json()["code"]) == (409, "port_taken")
        assert f"Port {port} on 127.0.0.1" in answer.json()["detail"]
    assert (await site.call("GET", BOOT_ENDPOINT)).json() == before
    assert (await firmware.head(await site.boot_url())).status_code == 200


async def test_it_comes_back_after_a_restart_and_a_taken_port_stops_nothing_else(
    tmp_path: Path, migrated: Path
) -> None:
    folder = tmp_path / "data"
    async with a_site(folder, migrated) as site:
        first = await site.switch()
    async with a_site(folder, migrated) as site:
        assert (await site.call("GET", BOOT_ENDPOINT)).json() == first
    with closing(socket.create_server(("127.0.0.1", first["port"]))):
        async with a_site(folder, migrated) as site:
            view = (await site.call("GET", BOOT_ENDPOINT)).json()
            assert (view["enabled"], view["url"]) == (True, "")
            assert f"Port {first['port']} on 127.0.0.1 cannot be used" in view["problem"]
            moved = await site.switch(port=0)
            assert (moved["problem"], moved["port"] != first["port"]) == ("", True)


async def test_there_is_a_limit_to_connections(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend_lite.features.library.boot.CONNECTIONS", 3)
    port = (await site.switch())["port"]
    url = urlsplit(await site.boot_url())
    silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"HEAD {url.path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert (await reader.readline()).startswith(b"HTTP/1.1 503")
    for _, one in [*silent, (reader, writer)]:
        one.close()
