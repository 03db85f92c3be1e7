"""A script has three texts, a folder and tags; two people's changes of it come together."""

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from console.core.drafts import Draft, Drafts
from console.core.merge import Side
from console.features.library.edited import Edited
from console.features.library.merging import Merging, Take
from console.features.library.script_page import ScriptPage
from tests.console import objects
from tests.console.conftest import World
from tests.console.library.editing import GET, PUT, REVISIONS, STALE, Make, Run, echo, saved, type_in
from tests.helpers.names import unnamed
from tests.helpers.waiting import until


@pytest.fixture
def page(greet: ScriptPage) -> ScriptPage:
    return greet


def tabs(page: ScriptPage) -> list[str]:
    return [page.editor.texts.tabs.tabText(at) for at in range(3)]


def test_detect_and_undo_are_edited_beside_the_script(page: ScriptPage, world: World, run: Run) -> None:
    world.api.answers[PUT] = echo
    texts = page.editor.texts
    assert tabs(page) == ["Script", "Detect · none", "Undo · none"]
    QTest.keyClick(page.editor.code.edit, Qt.Key.Key_PageDown, Qt.KeyboardModifier.ControlModifier)
    assert texts.part == "detect"
    QTest.keyClicks(texts.edits["detect"].edit, "test -e /srv")
    assert tabs(page)[1] == "Detect"
    assert page.editor.dirty
    page.editor.fields.folder.setText("Linux / Disk")
    QTest.keyClicks(page.editor.fields.tags, "disk, weekly,disk")

    async def story() -> None:
        page.save_now()
        await until(lambda: not page.editor.dirty)

    run(story())
    sent = world.api.body(PUT)
    assert (sent["detect"], sent["undo"]) == ("test -e /srv", None)
    assert (sent["folder"], sent["tags"]) == ("Linux/Disk", ["disk", "weekly"])
    texts.edits["detect"].edit.undo()
    assert page.editor.dirty
    assert unnamed(page.editor) == []


def test_an_older_revision_brings_all_its_texts_back(page: ScriptPage, world: World, run: Run) -> None:
    older = objects.revision(1, "echo h\n") | {"detect": "exit 1", "undo": "echo bye"}
    world.api.answers[REVISIONS] = (200, {"items": [objects.revision(2, "echo hi\n"), older], "next": None})

    async def story() -> None:
        page._load_revisions()
        await until(lambda: page.info.revisions[1].undo)

    run(story())
    page.info.choose(1)
    page.info.view.click()
    assert page.editor.comparison.text.text() == (
        "echo h\n\n\n# ---- Detect ----\nexit 1\n\n# ---- Undo ----\necho bye"
    )
    page.info.compare.click()
    signs = [(line.sign, line.text) for line in page.editor.comparison.diff.lines]
    assert ("-", "exit 1") in signs
    assert ("-", "echo bye") in signs
    page.info.back.click()
    assert [page.editor.texts.text(part) for part in ("", "detect", "undo")] == [
        "echo h\n",
        "exit 1",
        "echo bye",
    ]


def test_a_new_script_knows_the_folders_that_there_are(make: Make, world: World, run: Run) -> None:
    page = make()

    async def story() -> None:
        await world.go_live(script=[objects.script(1, folder="Linux/Disk")])
        page.show_target("new")

    run(story())
    assert page.editor.fields._folders.stringList() == ["Linux", "Linux/Disk"]


# ---- somebody else

BASE = Edited(name="A", content="1\n2\n3\n4\n5\n", tags=("old",))


def test_what_only_one_of_two_changed_needs_no_choice() -> None:
    mine = Edited(name="A", content="one\n2\n3\n4\n5\n", tags=("old",), folder="Linux")
    theirs = Edited(name="B", content="1\n2\n3\n4\nfive\n", tags=("new",), detect="exit 1")
    merging = Merging.of(BASE, mine, theirs)
    assert merging.conflicts == 0
    assert merging.result() == Edited(
        name="B", content="one\n2\n3\n4\nfive\n", tags=("new",), folder="Linux", detect="exit 1"
    )


@pytest.mark.parametrize(
    ("take", "content"), [(Take.MINE, "1\nm"), (Take.THEIRS, "1\nt"), (Take.BOTH, "1\nm\nt")]
)
def test_where_both_changed_a_person_chooses(take: Take, content: str) -> None:
    merging = Merging.of(Edited(content="1\n2"), Edited(content="1\nm"), Edited(content="1\nt"))
    assert [(one.title, one.side) for one in merging.differences] == [("Script, line 2", Side.BOTH)]
    merging.differences[0].take = take
    assert merging.result().content == content


def test_a_text_with_too_many_differences_is_chosen_as_one() -> None:
    lines = [f"{n}\n" for n in range(400)]
    theirs = [line if n % 2 else f"x{line}" for n, line in enumerate(lines)]
    merging = Merging.of(Edited(), Edited(content="".join(lines)), Edited(content="".join(theirs)))
    assert len(merging.differences) == 1


def test_two_changes_come_together_in_the_editor(page: ScriptPage, world: World, run: Run) -> None:
    theirs = saved(content="echo theirs\n", folder="Linux", undo="echo bye", revision=5, version=5)
    world.api.answers |= {PUT: STALE, GET: theirs}

    async def story() -> None:
        type_in(page, "mine ")
        page.save_now()
        await until(lambda: "Somebody else" in page.editor.notice.text.text() and not page._saving)
        page.editor.notice.press("Compare and merge")
        await until(lambda: page.editor.centre.currentWidget() is page.editor.merge)
        view = page.editor.merge
        assert view.note.text() == "3 differences, one changed by both: choose which one stays."
        assert unnamed(view) == []
        card = next(one for one in view.cards if one.difference.is_conflict)
        card.chips[Take.BOTH].click()
        view.use.click()
        assert page.editor.value().folder == "Linux"
        assert page.editor.code.text() == "mine echo hi\necho theirs\n"
        assert page.editor.texts.text("undo") == "echo bye"
        assert page.editor.dirty
        world.api.answers[PUT] = echo
        page.save_now()
        await until(lambda: not page.editor.dirty)

    run(story())
    request = [r for r in world.api.requests if r.method == "PUT"][-1]
    assert request.headers["If-Match"] == '"5"'


def test_an_older_draft_is_saved_over_nobody(
    make: Make, world: World, drafts: Drafts[Draft[Edited]], run: Run
) -> None:
    base = Edited(name="Greet", language="bash", content="echo hi\n")
    mine = Edited(name="Greet", language="bash", content="mine\n")
    drafts.save("1", Draft(mine, base, 1, "2026-03-04T10:00:00.000Z"))
    world.api.answers[PUT] = STALE
    page = make()

    async def story() -> None:
        await world.go_live(script=[objects.script(1, "Greet", version=3, undo="echo bye")])
        page.show_target("1")
        page.save_now()
        await until(lambda: PUT in world.api.calls() and not page._saving)

    run(story())
    request: Any = next(r for r in world.api.requests if r.method == "PUT")
    assert request.headers["If-Match"] == '"1"'
    assert page.editor.base == base
