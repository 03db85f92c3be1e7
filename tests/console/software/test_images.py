"""Images, their files, and the listener for boot tools, against the real service."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from backend_lite.contract.images import BOOT_ENDPOINT
from backend_lite.contract.live import BOOT_ENDPOINT as BOOT
from backend_lite.contract.live import PROFILE
from backend_lite.contract.plans import PROFILES
from console.core import uploads
from console.features.software.boot_dialog import BootDialog
from console.features.software.image_form import ImageForm
from console.features.software.image_page import ImagePage
from console.features.software.images_page import ImagesPage
from console.features.software.upload_desk import UploadDesk
from tests.backend.runs.site import Site
from tests.console.software.conftest import Make, Object, Run, choose, image, opened, saved, write
from tests.console.trips import Trips
from tests.helpers.names import unnamed
from tests.helpers.real_context import RealContext
from tests.helpers.waiting import until

DATA = b"an image of some size" * 20_000


@pytest.fixture
def iso(tmp_path: Path) -> Path:
    made = tmp_path / "debian.iso"
    made.write_bytes(DATA)
    return made


@pytest.fixture
def page(real: RealContext, trips: Trips, images_desk: UploadDesk, qtbot: QtBot) -> ImagesPage:
    made = ImagesPage(real.context, images_desk)
    qtbot.addWidget(made)
    made.resize(1000, 500)
    made.show()
    return made


def form_of(page: object) -> ImageForm:
    assert isinstance(page, ImagePage)
    assert isinstance(page.form, ImageForm)
    return page.form


def cells(page: ImagesPage) -> list[dict[str, str]]:
    columns = page.table.model_.columns
    return [{one.key: one.text(row) for one in columns} for row in page.table.model_.shown_objects()]


async def brought(page: ImagePage, iso: Path) -> None:
    form = form_of(page)
    page.show_target("new")
    form.file.bring(iso)
    await until(lambda: form.value.file_sha256, "the file")
    await saved(page)


def test_an_image_is_brought_verified_and_downloaded_again(
    make_image: Make, real: RealContext, iso: Path, run: Run
) -> None:
    page = make_image()
    assert isinstance(page, ImagePage)
    form, to = form_of(page), iso.with_name("again.iso")

    async def story() -> None:
        page.show_target("new")
        assert not page.download.isEnabled()
        form.file.bring(iso)
        await until(lambda: form.value.file_sha256, "the file")
        assert form.value.name == "debian"
        assert form.file.badge.text() == "Verified when it is saved"
        choose(page, os_type="debian")
        await saved(page)
        await until(page.download.isEnabled, "the button")
        assert form.file.badge.text() == "Verified"
        known = real.context.live.get("os_image", 1)
        assert known is not None
        page.actions_.download(known, to)
        await until(to.exists, "the download")

    run(story())
    assert to.read_bytes() == DATA
    assert unnamed(page) == []


def test_a_file_that_is_not_its_publishers_is_refused_at_the_checksum(
    make_image: Make, iso: Path, run: Run
) -> None:
    page = make_image()
    form = form_of(page)

    async def story() -> None:
        page.show_target("new")
        write(page, checksum="0" * 64)
        form.file.bring(iso)
        await until(lambda: form.value.file_sha256, "the file")
        page.save_now()
        await until(lambda: "is not the one" in form.fields["checksum"].error, "the sentence")
        write(page, checksum=hashlib.sha256(DATA).hexdigest())
        await saved(page)

    run(story())


def test_an_upload_is_stopped_gone_on_with_and_given_up(
    make_image: Make, iso: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setattr(uploads, "PIECE", 2000)
    page = make_image()
    form = form_of(page)

    async def story() -> None:
        page.show_target("new")
        form.file.bring(iso)
        await until(lambda: "of" in form.file.about.text() and form.file.bar.value() > 0, "some pieces")
        form.file.stop.click()
        await until(lambda: not form.file.go_on.isHidden(), "the stop")
        assert "Stopped at" in form.file.about.text()
        monkeypatch.setattr(uploads, "PIECE", 4 << 20)
        form.file.go_on.click()
        await until(lambda: form.value.file_sha256, "the file")
        form.file.remove.click()
        assert form.value.file_sha256 == ""
        monkeypatch.setattr(uploads, "PIECE", 2000)
        form.file.bring(iso)
        await until(lambda: form.file.bar.value() > 0, "some pieces")
        form.file.stop.click()
        await until(lambda: not form.file.go_on.isHidden(), "the stop")
        form.file.forget.click()
        assert form.pending_file() == ""

    run(story())


def test_an_upload_goes_on_while_other_things_are_edited(
    make_image: Make, real: RealContext, iso: Path, run: Run
) -> None:
    page = make_image()
    form = form_of(page)

    async def story() -> None:
        other = await image(real, "Other")
        page.show_target("new")
        write(page, name="Mine")
        form.file.bring(iso)
        await opened(page, other["id"])
        assert form.value.name == "Other"
        await until(lambda: not real.context.ops.running, "the end of the upload")
        assert form.value.file_sha256 == ""
        page.show_target("new")
        assert (form.value.name, form.value.file_name) == ("Mine", "debian.iso")

    run(story())


def test_a_draft_remembers_a_file_that_was_on_its_way(
    make_image: Make, iso: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setattr(uploads, "PIECE", 2000)
    page = make_image()

    async def story() -> None:
        page.show_target("new")
        write(page, name="Mine")
        form_of(page).file.bring(iso)
        await until(lambda: form_of(page).file.bar.value() > 0, "some pieces")
        form_of(page).file.stop.click()
        page._drafts.keep()
        again = make_image()
        again.show_target("new")
        assert form_of(again).file.name.text() == "debian.iso"
        assert form_of(again).value.name == "Mine"
        form_of(again).file.go_on.click()
        monkeypatch.setattr(uploads, "PIECE", 4 << 20)
        await until(lambda: form_of(again).value.file_sha256, "the file")

    run(story())


def test_images_are_listed_with_their_profiles(
    page: ImagesPage, real: RealContext, site: Site, make_image: Make, trips: Trips, run: Run
) -> None:
    editor = make_image()

    async def story() -> None:
        assert page.centre.currentWidget() is page.nothing
        made = await image(real, "Debian 13", os_type="debian", storage_ref="/srv/debian.iso")
        await image(real, "Windows", os_type="windows")
        await site.post(PROFILES, {"name": "Lab", "os_image_id": made["id"], "tasks": []})
        await until(lambda: len(real.context.live.kind(PROFILE)) == 1, "the profile")
        await until(lambda: [one["profiles"] for one in cells(page)] == ["1", "0"], "the count")
        page.filter.box.setText("os:windows")
        await until(lambda: [one["name"] for one in cells(page)] == ["Windows"], "the filter")
        page.filter.clear()
        await opened(editor, made["id"])
        assert form_of(editor).profiles.names == {1: "Lab"}
        links = form_of(editor).profiles.findChildren(QPushButton)
        assert [one.text() for one in links if one.isVisible()] == ["Lab"]
        await site.call("PUT", f"{PROFILES}/1", {"os_image_id": None})
        await until(lambda: form_of(editor).profiles.names == {}, "the profile without it")

    run(story())
    assert [one["file"] for one in cells(page)] == ["Elsewhere", "No file"]
    assert unnamed(page) == []


def test_a_boot_address_needs_the_listener(
    page: ImagesPage, real: RealContext, make_image: Make, iso: Path, run: Run
) -> None:
    editor = make_image()
    assert isinstance(editor, ImagePage)

    async def story() -> BootDialog:
        await brought(editor, iso)
        known = real.context.live.get("os_image", 1)
        assert known is not None
        dialog = page.actions_.ask_boot_address(known)
        dialog.make.click()
        await until(lambda: "is off: switch it on" in dialog.error.text(), "the refusal")
        return dialog

    dialog = run(story())
    assert dialog.address.isHidden()
    assert unnamed(dialog) == []


def test_the_listener_is_changed_below_the_list(
    page: ImagesPage, real: RealContext, site: Site, run: Run
) -> None:
    card = page.boot

    async def story() -> Object:
        await until(lambda: card.state.text() == "Off", "the listener")
        card.change.click()
        card.on.setChecked(False)
        card.host.setText("nowhere")
        card.save.click()
        await until(lambda: "is not an IP address" in card.error.text(), "the refusal")
        card.host.setText("127.0.0.2")
        card.port.setValue(8085)
        card.save.click()
        await until(card.change.isVisible, "the end")
        found: Object = await site.get(BOOT_ENDPOINT)
        return found

    found = run(story())
    assert (found["enabled"], found["host"], found["port"]) == (False, "127.0.0.2", 8085)


def test_a_problem_of_the_listener_is_said(page: ImagesPage, real: RealContext, run: Run) -> None:
    async def story() -> None:
        await until(lambda: page.boot.state.text() == "Off", "the listener")
        known = dict(real.context.live.kind(BOOT)[1])
        page.boot._show(known | {"enabled": True, "url": "http://10.0.0.5:8085"})
        assert page.boot.state.text() == "On"
        page.boot._show(known | {"enabled": True, "problem": "Port 69 cannot be used."})

    run(story())
    assert (page.boot.state.text(), page.boot.about.text()) == ("Problem", "Port 69 cannot be used.")
