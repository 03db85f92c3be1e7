"""A data folder with something in each of its parts."""

import hashlib
from pathlib import Path

import pytest

from backend_lite.config import DataFolder
from backend_lite.core.backup import sealed
from backend_lite.core.backup.sealed import Header
from backend_lite.core.db.blob_rows import keep_blob
from tests.helpers.service import InProcess

BLOB = b"an installer"


@pytest.fixture(autouse=True)
def quick_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """What makes it hard to guess is its cost."""
    monkeypatch.setattr(sealed, "new_header", lambda: Header(b"s" * 16, b"p" * 7, time=1, memory=8, lanes=1))


@pytest.fixture
async def data(service: InProcess) -> DataFolder:
    """The one of `service`."""
    data = service.kernel.config.data
    sha256 = hashlib.sha256(BLOB).hexdigest()
    blob = data.blobs / sha256[:2] / sha256
    blob.parent.mkdir(parents=True)
    blob.write_bytes(BLOB)
    output = data.output / "000000" / "1.stdout"
    output.parent.mkdir(parents=True)
    output.write_bytes(b"what a script wrote")
    await service.kernel.database.write(lambda unit: keep_blob(unit, sha256, len(BLOB), 1))
    return data


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }
