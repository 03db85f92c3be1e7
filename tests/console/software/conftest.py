"""The pages of software and images around the real service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from backend_lite.contract.images import OS_IMAGE_UPLOADS, OS_IMAGES
from backend_lite.contract.live import OS_IMAGE, SOFTWARE
from backend_lite.contract.software import SOFTWARE as ITEMS
from backend_lite.contract.software import SOFTWARE_UPLOADS
from console.core.drafts import Draft
from console.core.image_edit import EditedImage
from console.core.software_edit import EditedSoftware
from console.core.upload_memory import UploadMemory
from console.features.software.editor_base import EditorPage
from console.features.software.image_page import ImagePage
from console.features.software.item_page import ItemPage
from console.features.software.upload_desk import UploadDesk, memory_of
from console.widgets import draft_keeper
from tests.console.trips import Trips
from tests.helpers.real_context import RealContext, migrated, quick_passwords, real, site, trips
from tests.helpers.waiting import until

__all__ = ["migrated", "quick_passwords", "real", "site", "trips"]

Run = Callable[[Any], Any]
Object = dict[str, Any]
Make = Callable[[], EditorPage]


@pytest.fixture(autouse=True)
def kept_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draft_keeper, "AFTER_MS", 1)


@pytest.fixture
def items_desk(real: RealContext) -> UploadDesk:
    return UploadDesk(real.context, SOFTWARE_UPLOADS, UploadMemory(), SOFTWARE)


@pytest.fixture
def images_desk(real: RealContext) -> UploadDesk:
    return UploadDesk(real.context, OS_IMAGE_UPLOADS, UploadMemory(), OS_IMAGE)


@pytest.fixture
def make_item(real: RealContext, trips: Trips, items_desk: UploadDesk, qtbot: QtBot) -> Make:
    def made() -> EditorPage:
        drafts = real.context.drafts("software", Draft[EditedSoftware])
        page = ItemPage(real.context, drafts, items_desk)
        return _shown(page, qtbot)

    return made


@pytest.fixture
def make_image(real: RealContext, trips: Trips, qtbot: QtBot) -> Make:
    def made() -> EditorPage:
        # Each as if the window was begun anew: only what is on the disk is remembered.
        desk = UploadDesk(real.context, OS_IMAGE_UPLOADS, memory_of(real.context, OS_IMAGE), OS_IMAGE)
        page = ImagePage(real.context, real.context.drafts("images", Draft[EditedImage]), desk)
        return _shown(page, qtbot)

    return made


def _shown(page: EditorPage, qtbot: QtBot) -> EditorPage:
    qtbot.addWidget(page)
    page.resize(1070, 700)
    page.show()
    return page


# ---- what is on the service


async def item(real: RealContext, name: str = "tree", **fields: Any) -> Object:
    """An apt package, once the window knows it."""
    body = {"name": name, "installer_type": "apt", "detection": {"type": "package"}} | fields
    made: Object = await real.site.post(ITEMS, body)
    await until(lambda: real.context.live.get(SOFTWARE, made["id"]) is not None, "the item")
    return made


async def image(real: RealContext, name: str = "Debian 13", **fields: Any) -> Object:
    made: Object = await real.site.post(OS_IMAGES, {"name": name} | fields)
    await until(lambda: real.context.live.get(OS_IMAGE, made["id"]) is not None, "the image")
    return made


async def opened(page: EditorPage, object_id: int) -> None:
    page.show_target(str(object_id))
    await until(lambda: page._object is not None, "the object")


async def saved(page: EditorPage) -> None:
    page.save_now()
    await until(lambda: not page.dirty and not page._saving, "the save")


def write(page: EditorPage, **texts: str) -> None:
    """As a person types into lines."""
    for name, text in texts.items():
        line = page.form._lines[name]
        line.setText(text)
        line.textEdited.emit(text)


def choose(page: EditorPage, **values: str) -> None:
    for name, value in values.items():
        box = page.form._choices[name]
        assert box.findData(value) >= 0, f"{name} offers no {value}"
        box.setCurrentIndex(box.findData(value))
        box.activated.emit(box.currentIndex())


def seen(page: EditorPage) -> set[str]:
    return {name for name, field in page.form.fields.items() if not field.isHidden()}
