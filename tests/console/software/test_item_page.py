"""The editor of software items against the real service."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path

import pytest

from backend_lite.contract.software import SOFTWARE
from console.core.run_request import RUN_DIALOG, RunRequest
from console.features.software.editor_base import EditorPage
from console.features.software.item_form import ItemForm
from console.widgets import draft_base
from console.widgets.confirm import ConfirmDialog
from tests.backend.runs.site import Site
from tests.console.software.conftest import Make, Object, Run, choose, item, opened, saved, seen, write
from tests.console.trips import Trips
from tests.helpers.names import unnamed
from tests.helpers.real_context import RealContext
from tests.helpers.waiting import until


def test_a_package_is_made_with_what_its_manager_needs(
    make_item: Make, site: Site, trips: Trips, run: Run
) -> None:
    page = make_item()

    async def story() -> Object:
        page.show_target("new")
        choose(page, installer_type="apt")
        assert not {"file", "source_type", "sha256", "install_command"} & seen(page)
        write(page, name="tree", source="tree", tags="tools, lab")
        choose(page, detect_type="package")
        await saved(page)
        found: Object = await site.get(f"{SOFTWARE}/1")
        return found

    found = run(story())
    assert (found["installer_type"], found["source"], found["source_type"]) == ("apt", "tree", "none")
    assert found["detection"] == {"type": "package", "value": "", "version": ""}
    assert trips.opened == [("software-item", "1")]
    assert unnamed(page) == []


FORMS = {
    "msi": ({"file", "install_args", "uninstall_args"}, {"install_command", "uninstall_command"}),
    "exe": ({"file", "uninstall_command"}, {"install_command", "language"}),
    "winget": ({"source"}, {"file", "source_type", "uninstall_command"}),
    "script": ({"install_command", "uninstall_command", "language"}, {"file"}),
    "custom": ({"install_command", "uninstall_command"}, {"language"}),
}
WRONG = [
    ({"source": "ftp://x"}, "source", "no address to download from"),
    ({"source": "http://example.org/a.exe"}, "sha256", "name its sha256"),
    ({"sha256": "12"}, "sha256", "is no SHA-256"),
    ({"install_args": "/S\x01"}, "install_args", "without control characters"),
    ({"version_text": "1\x02"}, "version_text", "control character"),
    ({"exit_codes": "99999999999"}, "exit_codes", "cannot be an exit code"),
    ({"exit_codes": "zero"}, "exit_codes", "whole numbers"),
    ({"name": " "}, "name", "Give it a name."),
]


def test_the_form_follows_the_installer(make_item: Make, run: Run) -> None:
    page = make_item()

    async def story() -> None:
        page.show_target("new")
        for kind, (shown, hidden) in FORMS.items():
            choose(page, installer_type=kind)
            assert shown <= seen(page), kind
            assert not hidden & seen(page), kind

    run(story())


def test_what_is_wrong_is_said_at_its_field(make_item: Make, run: Run) -> None:
    page = make_item()
    right = {"name": "7-Zip", "source": "https://example.org/7z.exe", "sha256": "", "install_args": ""}

    async def story() -> None:
        page.show_target("new")
        choose(page, installer_type="exe", source_type="url")
        for typed, field, sentence in WRONG:
            write(page, **right | {"version_text": "", "exit_codes": "0"} | typed)
            page.save_now()
            await until(partial(_says, page, field, sentence), sentence)
            assert page.notice.isHidden()
            await until(lambda: not page._saving, "the refusal")
            write(page, **{field: "1"})
            assert page.form.fields[field].error == ""

    run(story())


def _says(page: EditorPage, field: str, sentence: str) -> bool:
    return sentence in page.form.fields[field].error


def test_the_slug_follows_the_name_until_somebody_writes_another(
    make_item: Make, real: RealContext, run: Run
) -> None:
    page = make_item()

    async def story() -> list[str]:
        await item(real, "tree")
        page.show_target("new")
        choose(page, installer_type="apt")
        write(page, name="Tree of files")
        page.save_now()
        await until(lambda: page.form.value.slug == "tree-of-files", "the slug")
        said = []
        for slug in ("Not one", "tree"):
            write(page, slug=slug)
            page.save_now()
            await until(lambda: page.form.fields["slug"].error, "the refusal")
            said.append(page.form.fields["slug"].error)
            write(page, slug="")
        write(page, slug="files-tree")
        page.save_now()
        await until(lambda: not page.dirty, "the save")
        known = real.context.live.kind("software")
        await until(lambda: "files-tree" in [one["slug"] for one in known.values()], "the news")
        return said

    bad, taken = run(story())
    assert "will not do as a slug" in bad
    assert "is taken by another item" in taken


def test_a_taken_name_and_a_script_without_a_text_are_said_in_place(
    make_item: Make, real: RealContext, run: Run
) -> None:
    page = make_item()

    async def story() -> None:
        await item(real, "tree")
        page.show_target("new")
        choose(page, installer_type="script")
        write(page, name="Tree")
        page.save_now()
        await until(lambda: "needs an install_command" in page.form.fields["install_command"].error, "that")
        page.form._texts["install_command"].edit.insertPlainText("echo hi\n")
        page.save_now()
        await until(lambda: "already exists" in page.form.fields["name"].error, "the taken name")

    run(story())


def test_a_dropped_file_is_brought_hashed_and_saved(
    make_item: Make, site: Site, tmp_path: Path, run: Run
) -> None:
    page, setup = make_item(), tmp_path / "setup.exe"
    setup.write_bytes(b"MZ" * 700_000)
    form = page.form
    assert isinstance(form, ItemForm)

    async def story() -> Object:
        page.show_target("new")
        page.save_now()
        assert "Give it a name" in form.fields["name"].error
        assert "Bring the installer first" in form.fields["file"].error
        form.file.bring(setup)
        assert page.dirty
        await until(lambda: form.value.sha256, "the file")
        assert form.value.name == "setup"
        assert form.value.installer_type == "exe"
        assert form.file.badge.text() == "Checksum verified"
        await saved(page)
        found: Object = await site.get(f"{SOFTWARE}/1")
        return found

    found = run(story())
    assert found["sha256"] == hashlib.sha256(setup.read_bytes()).hexdigest()
    assert (found["file_name"], found["file_size"]) == ("setup.exe", 1_400_000)


def test_undo_takes_back_a_whole_change_of_the_installer(
    make_item: Make, real: RealContext, run: Run
) -> None:
    page = make_item()

    async def story() -> None:
        made = await item(real, "tree", source="tree")
        await opened(page, made["id"])
        before = page.value
        choose(page, installer_type="msi")
        assert page.value.detect_type == "none"
        assert page.dirty
        page.step(redo=False)
        assert page.value == before
        assert not page.dirty
        page.step(redo=True)
        assert page.value.installer_type == "msi"

    run(story())


def test_a_draft_survives_the_window(make_item: Make, real: RealContext, run: Run) -> None:
    page = make_item()

    async def story() -> None:
        made = await item(real, "tree")
        await opened(page, made["id"])
        write(page, publisher="Somebody")
        page._drafts.keep()
        again = make_item()
        await opened(again, made["id"])
        assert again.value.publisher == "Somebody"
        assert "are here again" in again.notice.text.text()
        again.notice.press("Throw them away")
        assert again.value.publisher == ""
        assert again._drafts.load() is None

    run(story())


def test_two_people_change_the_same_item(make_item: Make, real: RealContext, site: Site, run: Run) -> None:
    page = make_item()

    async def story() -> Object:
        made = await item(real, "tree", publisher="A")
        await opened(page, made["id"])
        write(page, name="mine", version_text="2")
        change = {"name": "theirs", "publisher": "B"}
        assert (await site.call("PUT", f"{SOFTWARE}/{made['id']}", change)).status_code == 200
        page.save_now()
        await until(lambda: "Somebody else changed" in page.notice.text.text(), "the notice")
        page.notice.press("Look at both…")
        await until(lambda: page.centre.currentWidget() is page.conflict, "both")
        told = {one.title: one.is_conflict for one in page.conflict.differences}
        assert told == {"Name": True, "Version": False, "Publisher": False}
        page.conflict.switches["name"].choose("theirs")
        page.conflict.merge.click()
        assert (page.value.name, page.value.version_text, page.value.publisher) == ("theirs", "2", "B")
        await saved(page)
        found: Object = await site.get(f"{SOFTWARE}/{made['id']}")
        return found

    found = run(story())
    assert (found["name"], found["version_text"], found["publisher"]) == ("theirs", "2", "B")


def test_somebody_elses_change_shows_where_nothing_is_unsaved(
    make_item: Make, real: RealContext, site: Site, run: Run
) -> None:
    page = make_item()

    async def story() -> None:
        made = await item(real, "tree")
        await opened(page, made["id"])
        await site.call("PUT", f"{SOFTWARE}/{made['id']}", {"name": "tree of life"})
        await until(lambda: page.value.name == "tree of life", "the change")
        await site.call("DELETE", f"{SOFTWARE}/{made['id']}")
        await until(lambda: "deleted meanwhile" in page.notice.text.text(), "the notice")
        page.notice.press("Make it again")
        await until(lambda: page.object_id not in (0, made["id"]), "the new one")

    run(story())


def test_it_is_installed_from_its_page_once_it_is_saved(
    make_item: Make, real: RealContext, trips: Trips, run: Run
) -> None:
    page = make_item()

    async def story() -> int:
        made = await item(real, "tree")
        await opened(page, made["id"])
        write(page, publisher="x")
        page.install.click()  # type: ignore[attr-defined]
        assert "Save first" in page.notice.text.text()
        await saved(page)
        page.install.click()  # type: ignore[attr-defined]
        return int(made["id"])

    software_id = run(story())
    assert trips.asked == [(RUN_DIALOG, RunRequest(software_id=software_id))]


def test_a_draft_that_was_kept_on_leaving_is_still_of_the_same_version(
    make_item: Make, real: RealContext, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    page = make_item()

    async def keep(*_asked: object) -> str:
        return "draft"

    monkeypatch.setattr(draft_base, "choose", keep)

    async def story() -> None:
        made = await item(real, "tree")
        await opened(page, made["id"])
        write(page, publisher="Mine")
        leaving = page.may_leave()
        assert not isinstance(leaving, bool)
        assert await leaving
        await opened(page, made["id"])
        assert page.value.publisher == "Mine"
        assert "are here again" in page.notice.text.text()

    run(story())


def test_the_audit_of_the_item_is_one_press_away(
    make_item: Make, real: RealContext, trips: Trips, run: Run
) -> None:
    page = make_item()

    async def story() -> int:
        made = await item(real, "tree")
        await opened(page, made["id"])
        next(one for one in page.more_menu().actions() if one.text() == "History in the audit").trigger()
        return int(made["id"])

    software_id = run(story())
    assert trips.opened[-1] == ("audit", f"software/{software_id}")


def test_what_is_deleted_on_its_own_page_leaves_for_the_list(
    make_item: Make, real: RealContext, trips: Trips, run: Run
) -> None:
    page = make_item()

    async def story() -> None:
        made = await item(real, "tree")
        await opened(page, made["id"])
        write(page, publisher="Mine")
        next(one for one in page.more_menu().actions() if one.text() == "Delete…").trigger()
        dialog = page.findChild(ConfirmDialog)
        assert isinstance(dialog, ConfirmDialog)
        dialog.buttons["yes"].click()
        await until(lambda: trips.opened == [("software", None)], "the list")
        assert not page.dirty

    run(story())
