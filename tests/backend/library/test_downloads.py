"""Kept files for devices: by addresses made for them, as long as something needs the file."""

import pytest

from backend_lite.contract.fleet import DEVICES, Admission
from backend_lite.contract.software import SOFTWARE
from backend_lite.features.fleet.api import FleetApi
from backend_lite.features.library.api import FileForRun, LibraryApi
from tests.backend.library.test_uploads import Sender, sha256
from tests.helpers.agents import FACTS, Device
from tests.helpers.service import InProcess

pytestmark = pytest.mark.anyio

CONTENT = b"an installer " * 5000


@pytest.fixture
async def device_id(service: InProcess) -> int:
    fleet: FleetApi = service.feature("fleet").api
    device = await service.kernel.database.write(
        lambda unit: fleet.enlist(unit, Device().public_key, FACTS, Admission.APPROVED, "")
    )
    return device.id


@pytest.fixture
async def file(service: InProcess) -> FileForRun:
    """The uploaded file of the software item 1."""
    signed_in = await service.sign_in()
    stored = await Sender(service, signed_in).whole(CONTENT, file_name='set"up:🦉.msi')
    item = {"name": "x", "installer_type": "msi", "source_type": "upload"} | {
        "sha256": stored["sha256"],
        "file_name": stored["file_name"],
    }
    answer = await service.client.post(SOFTWARE, json=item, headers=signed_in)
    assert (answer.status_code, answer.json()["file_size"]) == (201, len(CONTENT)), answer.text
    api: LibraryApi = service.feature("library").api
    software = await service.kernel.database.read(lambda session: api.software_for_run(session, 1))
    assert software.file is not None
    assert software.job("install").sha256 == stored["sha256"]
    return software.file


async def test_a_device_downloads_in_ranges_with_its_address_alone(
    service: InProcess, file: FileForRun, device_id: int
) -> None:
    download = service.feature("library").api.download(device_id, file)
    assert (download.sha256, download.size) == (sha256(CONTENT), len(CONTENT))
    assert download.file_name == "set_up_🦉.msi"
    whole = await service.client.get(download.path)
    assert (whole.status_code, whole.content) == (200, CONTENT)
    assert whole.headers["ETag"] == f'"{file.sha256}"'
    rest = await service.client.get(download.path, headers={"Range": "bytes=60000-"})
    assert (rest.status_code, rest.content) == (206, CONTENT[60000:])
    assert (await service.client.head(download.path)).headers["Content-Length"] == str(len(CONTENT))
    service.clock.advance(86_400)
    assert (await service.client.get(download.path)).status_code == 403


async def test_a_device_that_was_removed_gets_nothing_any_more(
    service: InProcess, file: FileForRun, device_id: int
) -> None:
    path = service.feature("library").api.download(device_id, file).path
    assert (await service.client.head(path)).status_code == 200
    await service.client.delete(f"{DEVICES}/{device_id}", headers=await service.sign_in())
    answer = await service.client.get(path)
    assert (answer.status_code, answer.json()["detail"]) == (403, "This device was removed.")


async def test_only_what_something_needs_is_handed_out(
    service: InProcess, file: FileForRun, device_id: int
) -> None:
    api: LibraryApi = service.feature("library").api
    strange = FileForRun(sha256(b"strange"), 7, "x")
    assert (await service.client.get(api.download(device_id, strange).path)).status_code == 404
    path = api.download(device_id, file).path
    await service.client.delete(f"{SOFTWARE}/1", headers=await service.sign_in())
    assert (await service.client.get(path)).status_code == 404
    open_steps = {file.sha256}
    api.on_file_needed(lambda _session, wanted: wanted in open_steps)
    assert (await service.client.get(path)).status_code == 200


async def test_a_file_stays_while_an_item_has_it(service: InProcess, file: FileForRun) -> None:
    signed_in = await service.sign_in()
    changed = await service.client.put(f"{SOFTWARE}/1", json={"description": "new"}, headers=signed_in)
    assert (changed.status_code, changed.json()["file_size"]) == (200, len(CONTENT))
    copy = await service.client.post(f"{SOFTWARE}/1/duplicate", headers=signed_in)
    assert (copy.status_code, copy.json()["sha256"]) == (201, file.sha256)
