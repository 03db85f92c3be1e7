"""The library in the window with the real service behind it: nothing is pretended here."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from backend_lite.contract.accounts import USERS, UserAccount, UserCreate
from backend_lite.contract.library import (
    SCRIPTS,
    FavoriteScripts,
    Script,
    ScriptCreate,
    ScriptRevision,
    ScriptUpdate,
)
from backend_lite.core.db.references import Reference
from backend_lite.features.library.favorites import set_favorite
from console.features.library import script_check
from console.features.library.folder_tree import FAVORITES, FOLDER, INSIDE, FolderTree, Place
from console.features.library.import_dialog import ImportDialog
from console.features.library.import_table import name_of
from console.features.library.merging import Take
from console.features.library.script_page import ScriptPage, drafts_of
from console.features.library.scripts_page import ScriptsPage
from console.widgets.dragging import objects_data
from console.widgets.report import Report
from tests.console.library.editing import Run
from tests.helpers.names import unnamed
from tests.helpers.near_service import NearService, migrated, near, quick_passwords
from tests.helpers.waiting import until

__all__ = ["migrated", "near", "quick_passwords"]


@pytest.fixture(autouse=True)
def checked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script_check, "AFTER_MS", 1)


@pytest.fixture
def editor(near: NearService, qtbot: QtBot, run: Run) -> ScriptPage:
    page = ScriptPage(near.context, drafts_of(near.context))
    qtbot.addWidget(page)
    page.resize(1000, 600)
    page.show()
    return page


@pytest.fixture
def page(near: NearService, qtbot: QtBot, run: Run) -> ScriptsPage:
    made = ScriptsPage(near.context)
    qtbot.addWidget(made)
    made.resize(1000, 600)
    made.show()
    return made


async def make(near: NearService, name: str, **more: Any) -> Script:
    """As somebody else would: the window hears of it."""
    wanted = ScriptCreate(name=name, language="bash", **{"content": f"echo {name}\n", **more})
    made = await near.context.client.post(SCRIPTS, wanted, Script)
    await until(lambda: near.context.live.get("script", made.id), "the script")
    return made


async def change(near: NearService, script_id: int, **more: Any) -> Script:
    return await near.context.client.put(f"{SCRIPTS}/{script_id}", ScriptUpdate(**more), Script)


def names(page: ScriptsPage) -> list[str]:
    page.table.model_.settle()
    return [str(script["name"]) for script in page.table.model_.shown_objects()]


def folders(near: NearService) -> dict[str, str]:
    return {script["name"]: script["folder"] for script in near.known("script")}


def drop(tree: FolderTree, kind: str, keys: list[Any], onto: Place) -> None:
    at = tree.visualItemRect(tree._items[onto.key]).center()
    data, move = objects_data(kind, keys), Qt.DropAction.MoveAction
    none = Qt.KeyboardModifier.NoModifier
    tree.dropEvent(QDropEvent(QPointF(at), move, data, Qt.MouseButton.LeftButton, none))


# ---- the editor


def test_a_script_is_made_changed_and_gone_back_to(near: NearService, editor: ScriptPage, run: Run) -> None:
    async def saved(revision: int) -> None:
        editor.save_now()
        await until(lambda: revision in editor.info.revisions and not editor._saving, f"revision {revision}")

    async def story() -> None:
        editor.show_target("new")
        fields, texts = editor.editor.fields, editor.editor.texts
        fields.name_box.setText("Greet")
        fields.language.setCurrentIndex(fields.language.findData("bash"))
        fields.folder.setText("Linux//Hello ")
        fields.tags.setText("a, b")
        QTest.keyClicks(editor.editor.code.edit, "echo hi")
        QTest.keyClicks(texts.edits["undo"].edit, "rm -rf /")
        editor.info.message.setText("first")
        await until(lambda: editor.editor.findings.shown, "findings")
        assert [(one.part, one.line) for one in editor.editor.findings.shown] == [("undo", 1)]
        await saved(1)
        assert (fields.folder.text(), editor.editor.dirty) == ("Linux/Hello", False)
        QTest.keyClicks(texts.edits["detect"].edit, "test -e /srv")
        await saved(2)
        editor.info.choose(1)
        editor.info.back.click()
        assert texts.text("detect") == ""
        await saved(3)

    run(story())
    revisions: list[ScriptRevision] = list(editor.info.revisions.values())
    assert [(one.number, one.author, one.message, one.detect) for one in revisions] == [
        (3, "ada", "Back to revision 1", None),
        (2, "ada", "", "test -e /srv"),
        (1, "ada", "first", None),
    ]
    script = near.known("script")[0]
    assert (script["undo"], script["tags"], script["author"]) == ("rm -rf /", ["a", "b"], "ada")


def test_a_refusal_of_the_service_is_said_in_place(near: NearService, editor: ScriptPage, run: Run) -> None:
    async def story() -> None:
        await make(near, "Taken")
        editor.show_target("new")
        editor.editor.fields.name_box.setText("TAKEN")
        QTest.keyClicks(editor.editor.code.edit, "ls")
        editor.save_now()
        await until(lambda: editor.editor.fields.name.error)
        editor.editor.fields.name_box.setText("Free")
        editor.editor.fields.folder.setText("a/../b")
        editor.save_now()
        await until(lambda: "No folder can be called" in editor.editor.notice.text.text())

    run(story())
    assert editor.editor.dirty


def test_favorites_follow_another_window_of_the_same_person(
    near: NearService, page: ScriptsPage, run: Run
) -> None:
    async def story() -> None:
        mine, theirs = [(await make(near, name)).id for name in ("Mine", "Theirs")]
        page.show_target(None)
        await until(lambda: not near.context.ops.running, "the favorites")
        await near.context.client.put(f"{SCRIPTS}/{mine}/favorite", None, FavoriteScripts)
        await until(lambda: page.favorites.ids == {mine}, "the favorite of the other window")
        grace = await near.context.client.post(USERS, UserCreate("grace"), UserAccount)
        await set_favorite(near.service.kernel.database, grace.id, theirs, True)
        await near.context.client.delete(f"{SCRIPTS}/{mine}/favorite")
        await until(lambda: page.favorites.ids == set(), "its end")

    run(story())


def test_two_people_change_one_script(near: NearService, editor: ScriptPage, run: Run) -> None:
    async def story() -> None:
        made = await make(near, "Shared", content="one\ntwo\nthree\n")
        editor.show_target(str(made.id))
        QTest.keyClicks(editor.editor.code.edit, "mine ")
        theirs = await change(near, made.id, content="one\ntwo\ntheirs\n", folder="Elsewhere")
        await until(lambda: "Somebody else" in editor.editor.notice.text.text())
        editor.save_now()
        await until(lambda: not editor._saving)
        assert near.known("script")[0]["version"] == theirs.version, "nothing was overwritten"
        editor.editor.notice.press("Compare and merge")
        await until(lambda: editor.editor.merge.cards)
        merging = editor.editor.merge.merging
        assert merging is not None
        assert [(one.title, one.take) for one in merging.differences] == [
            ("Folder", Take.THEIRS),
            ("Script, line 1", Take.MINE),
            ("Script, line 3", Take.THEIRS),
        ]
        editor.editor.merge.use.click()
        editor.save_now()
        await until(lambda: not editor.editor.dirty)

    run(story())
    script = near.known("script")[0]
    assert (script["content"], script["folder"]) == ("mine one\ntwo\ntheirs\n", "Elsewhere")


# ---- the page


def test_folders_are_moved_by_dropping_and_renaming_and_back(
    near: NearService, page: ScriptsPage, run: Run
) -> None:
    async def moved(**wanted: str) -> None:
        await until(lambda: folders(near) == wanted, f"{wanted}")
        page.table.model_.settle()

    async def story() -> None:
        a, b = await make(near, "a", folder="Linux/Disk"), await make(near, "b")
        await until(lambda: len(page.tree._items) == 4, "two folders")
        drop(page.tree, "script", [b.id], Place(INSIDE, "Linux"))
        await moved(a="Linux/Disk", b="Linux")
        page.tree.choose(Place(INSIDE, "Linux/Disk"))
        assert names(page) == ["a"]
        page.tree._items[Place(INSIDE, "Linux").key].setText(0, "Unix / Old")
        await moved(a="Unix/Old/Disk", b="Unix/Old")
        await until(lambda: page.tree.place.folder == "Unix/Old")
        page.activateWindow()
        page.table.setFocus()
        QTest.keyClick(page.table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        await moved(a="Linux/Disk", b="Linux")
        drop(page.tree, FOLDER, ["Linux/Disk"], Place())
        await moved(a="Disk", b="Linux")
        await change(near, a.id, name="a")
        near.notices[-1].action.run()  # type: ignore[union-attr]
        await moved(a="Linux/Disk", b="Linux")

    run(story())
    assert [notice.text for notice in near.notices if notice.tone == "bad"] == []
    assert unnamed(page) == []


def test_favorites_are_kept_by_the_service(
    near: NearService, page: ScriptsPage, qtbot: QtBot, run: Run
) -> None:
    async def story() -> None:
        page.show_target(None)
        first, _second = await make(near, "a"), await make(near, "b")
        page.tree.choose(Place(FAVORITES))
        assert page.no_match.title.text() == "No favorites yet"
        page.tree.choose(Place())
        await until(lambda: names(page) == ["a", "b"])
        page.table.select([first.id])
        page.activateWindow()
        page.table.setFocus()
        QTest.keyClick(page.table, Qt.Key.Key_Space)
        await until(lambda: first.id in page.favorites)
        page.filter.box.setText("favorite:yes")
        await until(lambda: names(page) == ["a"])
        again = ScriptsPage(near.context)
        qtbot.addWidget(again)
        again.show_target(None)
        await until(lambda: first.id in again.favorites)
        QTest.keyClick(page.table, Qt.Key.Key_B, Qt.KeyboardModifier.ControlModifier)
        await until(lambda: names(page) == [])

    run(story())


def test_many_are_tagged_and_deleted_but_for_those_in_use(
    near: NearService, page: ScriptsPage, run: Run
) -> None:
    near.service.kernel.references.register(
        "script", lambda _session, script_id: [Reference("profile", 1, "Kiosk")] if script_id != 2 else []
    )

    async def story() -> None:
        for name in ("a", "b", "c"):
            await make(near, name, tags=["old"])
        await until(lambda: names(page) == ["a", "b", "c"])
        chosen = near.known("script")
        dialog = page.actions_.ask_tags(chosen)
        dialog.add.setText("new, x")
        dialog.remove.setText("OLD")
        dialog.go.click()
        await until(lambda: [one["tags"] for one in near.known("script")] == [["new", "x"]] * 3)
        page.actions_.undo()
        await until(lambda: [one["tags"] for one in near.known("script")] == [["old"]] * 3)
        page.actions_.ask_delete(near.known("script")).buttons["yes"].click()
        await until(lambda: page.findChildren(Report))

    run(story())
    report = page.findChildren(Report)[0]
    sentences = [f'"{name}" is still used by profile "Kiosk". Change or delete that first.' for name in "ac"]
    assert report.sentences == sentences
    assert folders(near) == {"a": "", "c": ""}
    assert near.notices[-1].text == "The script was deleted."


# ---- files


async def looked_at(page: ScriptsPage, path: Path) -> ImportDialog:
    dialog = page.import_paths([path])
    await until(lambda: dialog.rows)
    return dialog


def kinds(dialog: ImportDialog) -> dict[str, str]:
    return {name_of(row): row["item"].kind.value for row in dialog.rows.values()}


def test_what_is_exported_comes_back_the_same(
    near: NearService, page: ScriptsPage, run: Run, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"

    async def story() -> None:
        await make(near, "Free disk", folder="Linux/Disk", tags=["disk"], detect="exit 1\n", undo="ls\n")
        await make(near, "Plain", content="echo 'Grüße'\n")
        page.actions_.export_to(str(tree), near.known("script"))
        await until(lambda: near.notices)
        assert near.notices[-1].text == f"6 files written to {tree}."
        assert kinds(await looked_at(page, tree)) == {"Free disk": "same", "Plain": "same"}
        (tree / "Linux" / "Disk" / "Free-disk.undo.sh").write_text("ls -l\n")
        (tree / "Own.ps1").write_text("Get-Date\n")
        (tree / "lost.yaml").write_text("name: x\n")
        dialog = await looked_at(page, tree)
        assert kinds(dialog) == {
            "Free disk": "changed", "Plain": "same", "Own": "new", "lost.yaml": "problem",
        }  # fmt: skip
        assert dialog.about.text() == "lost.yaml: The script that this belongs to is not beside it."
        dialog.table.select([key for key, row in dialog.rows.items() if name_of(row) == "Free disk"])
        assert ("+", "ls -l") in [(line.sign, line.text) for line in dialog.diff.lines]
        assert dialog.go.text() == "Import 2 scripts"
        assert unnamed(dialog) == []
        dialog.go.click()
        await until(lambda: near.notices[-1].text == "2 scripts imported.")
        await until(lambda: len(near.known("script")) == 3)

    run(story())
    by_name = {script["name"]: script for script in near.known("script")}
    assert (by_name["Free disk"]["undo"], by_name["Free disk"]["revision"]) == ("ls -l\n", 2)
    assert by_name["Own"]["language"] == "powershell"


def test_dropped_files_are_imported_as_far_as_they_are_ticked(
    near: NearService, page: ScriptsPage, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "One.py").write_text("print(1)\n")
    (tmp_path / "Two.sh").write_text("ls\n")
    (tmp_path / "Three.txt").write_text("no script\n")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / name)) for name in ("One.py", "Two.sh", "Three.txt")])
    event = QDropEvent(
        QPointF(5, 5),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )

    async def story() -> None:
        page.dropEvent(event)
        dialog = page.findChildren(ImportDialog)[0]
        await until(lambda: dialog.rows)
        assert kinds(dialog) == {"One": "new", "Two": "new"}
        dialog.table.select([1])
        QTest.keyClick(dialog.table, Qt.Key.Key_Space)
        dialog.go.click()
        await until(lambda: folders(near) == {"One": ""})

    run(story())


def test_an_import_that_the_service_refuses_says_why(
    near: NearService, page: ScriptsPage, run: Run, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in ("a", "b"):
        (tree / f"{name}.sh").write_text("ls\n")
        (tree / f"{name}.yaml").write_text("folder: x/../y\n")

    async def story() -> None:
        dialog = await looked_at(page, tree)
        dialog.go.click()
        await until(lambda: page.findChildren(Report))

    run(story())
    said = page.findChildren(Report)[0].sentences
    assert len(said) == 2
    assert said[0].startswith("“a”: No folder can be called")
    assert near.known("script") == []


def test_a_cancelled_import_keeps_what_it_has_done(
    near: NearService, page: ScriptsPage, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.sh").write_text("ls\n")
    post, never = near.context.client.post, asyncio.Event()

    async def slow(path: str, body: object, kind: type[Script]) -> Script:
        if getattr(body, "name", "") == "b":
            await never.wait()
        return await post(path, body, kind)

    async def story() -> None:
        dialog = await looked_at(page, tmp_path)
        monkeypatch.setattr(near.context.client, "post", slow)
        dialog.go.click()
        await until(lambda: dialog.note.text() == "b", "second script")
        assert not dialog.go.isEnabled()
        dialog.cancel.click()
        await until(lambda: near.notices)

    run(story())
    assert near.notices[-1].text == "1 script imported."
    assert set(folders(near)) == {"a"}


def test_an_empty_library_can_begin_with_the_starters(near: NearService, page: ScriptsPage, run: Run) -> None:
    async def story() -> None:
        assert page.centre.currentWidget() is page.nothing
        page.nothing.findChildren(QPushButton)[-1].click()
        await until(lambda: near.notices, "starter library", 30.0)
        await until(lambda: page.centre.currentWidget() is page.table)

    run(story(), 60.0)
    assert near.notices[-1].text == f"{len(near.known('script'))} scripts loaded."
    assert page.findChildren(Report) == []
    assert page.tree.topLevelItemCount() > 3


def test_a_folder_that_cannot_be_written_is_said(
    near: NearService, page: ScriptsPage, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")

    async def story() -> None:
        await make(near, "a")
        page.actions_.export_to(str(tmp_path / "file"), near.known("script"))
        await until(lambda: near.notices)

    run(story())
    assert "cannot be written" in near.notices[-1].text
