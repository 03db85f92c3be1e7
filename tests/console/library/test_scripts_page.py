"""The library as a person meets it."""

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from backend_lite.contract.library import MAX_CONTENT, SCRIPTS
from backend_lite.contract.runs import TaskAction
from console.core.run_request import RUN_DIALOG, RunRequest
from console.core.script_files import UnusableFile, read_script
from console.features.library.feature import feature
from console.features.library.folder_tree import INSIDE, Place
from console.features.library.folders import is_inside, moved
from console.features.library.scripts_page import ScriptsPage
from tests.console import objects
from tests.console.conftest import World
from tests.console.library.editing import Run
from tests.console.trips import Trips
from tests.helpers.names import unnamed
from tests.helpers.waiting import until

POST = f"POST {SCRIPTS}"
LIBRARY = [
    objects.script(
        1,
        "Free disk space",
        language="powershell",
        target_os_type="windows",
        revision=7,
        folder="Windows/Clean up",
        tags=["disk", "weekly"],
        undo="New-Item x",
    ),
    objects.script(2, "Disk usage", description="What fills the disks"),
]


@pytest.fixture
def page(world: World, trips: Trips, qtbot: QtBot) -> ScriptsPage:
    made = ScriptsPage(world.context)
    qtbot.addWidget(made)
    made.resize(900, 400)
    made.show()
    return made


@pytest.fixture
def library(page: ScriptsPage, world: World, run: Run) -> ScriptsPage:
    async def story() -> None:
        await world.go_live(script=LIBRARY)
        await until(lambda: page.table.model_.total == 2)

    run(story())
    return page


def rows(page: ScriptsPage) -> list[list[str]]:
    return [
        [column.text(item) for column in page.table.model_.columns]
        for item in page.table.model_.shown_objects()
    ]


def press(page: ScriptsPage, title: str) -> None:
    menu = page.table.context_menu()
    next(action for action in menu.actions() if action.text() == title).trigger()


def test_scripts_are_listed_by_name(library: ScriptsPage) -> None:
    assert rows(library) == [
        [
            "",
            "Disk usage",
            "Bash",
            "Any system",
            "–",
            "",
            "2 Mar 10:00",
            "owner",
            "1",
            "–",
            "What fills the disks",
        ],
        [
            "",
            "Free disk space",
            "PowerShell",
            "Windows",
            "Windows/Clean up",
            "disk, weekly",
            "2 Mar 10:00",
            "owner",
            "7",
            "undo",
            "–",
        ],
    ]
    assert unnamed(library) == []


def test_the_query_language_filters(library: ScriptsPage, qtbot: QtBot) -> None:
    for query, name in (
        ("tag:weekly", "Free disk space"),
        ("os:any", "Disk usage"),
        ("has:undo", "Free disk space"),
    ):
        library.filter.box.setText(query)
        qtbot.waitUntil(lambda name=name: [row[1] for row in rows(library)] == [name])  # type: ignore[misc]
    library.filter.box.setText("fold")
    library.filter.query_box.offer()
    assert library.filter.query_box.offers == ["folder:"]
    library.filter.box.setText("nam:x")
    library.filter.query_box.say_now()
    assert "Did you mean name?" in library.problem.text.text()


def test_what_a_script_cannot_do_is_not_offered(library: ScriptsPage, trips: Trips) -> None:
    library.table.select([2])
    offered = {action.text(): action.isEnabled() for action in library.table.context_menu().actions()}
    assert (offered["Undo…"], offered["Detect only…"], offered["Run…"]) == (False, False, True)
    library.table.select([1])
    press(library, "Undo…")
    assert trips.asked == [(RUN_DIALOG, RunRequest(script_id=1, action=TaskAction.UNDO))]
    library.table.select([1, 2])
    assert "Run…" not in [action.text() for action in library.table.context_menu().actions()]


def test_folders_are_beside_the_scripts(library: ScriptsPage) -> None:
    lines = [(place.folder or place.kind, count) for place, count in library.tree._shown]
    assert lines == [("all", 2), ("favorites", 0), ("Windows", 1), ("Windows/Clean up", 1)]
    library.tree.choose(Place(INSIDE, "WINDOWS"))
    library.table.model_.settle()
    assert [row[1] for row in rows(library)] == ["Free disk space"]
    library.tree.choose(Place(INSIDE, "gone"))
    library.table.model_.settle()
    assert len(rows(library)) == 2


@pytest.mark.parametrize(
    ("folder", "old", "new", "now"),
    [
        ("A", "A", "B", "B"),
        ("A/B/C", "a/b", "X/Y", "X/Y/C"),
        ("Straße/x", "STRASSE", "Way", "Way/x"),
        ("A/B", "A", "", "B"),
    ],
)
def test_what_lies_in_a_folder_goes_with_it(folder: str, old: str, new: str, now: str) -> None:
    assert is_inside(folder, old)
    assert moved(folder, old, new) == now


def test_a_folder_is_not_in_one_whose_name_begins_alike() -> None:
    assert not is_inside("Linux tools", "Linux")
    assert is_inside("Linux", "")


def test_an_empty_library_says_what_to_do(page: ScriptsPage, world: World, run: Run) -> None:
    run(world.go_live(script=[]))
    assert page.centre.currentWidget() is page.nothing


def test_words_filter(library: ScriptsPage, qtbot: QtBot) -> None:
    library.filter.box.setText("fills")
    qtbot.waitUntil(lambda: [row[1] for row in rows(library)] == ["Disk usage"])
    assert library.header.note.text() == "1 of 2"


def test_a_chosen_script_is_previewed(library: ScriptsPage, trips: Trips) -> None:
    library.table.select([2])
    assert library.details() is library.info
    assert library.info.code.toPlainText() == "echo hi"
    assert library.info.facts.value("Language") == "Bash"
    library.info.run.click()
    library.info.open.click()
    assert trips.asked == [(RUN_DIALOG, RunRequest(script_id=2))]
    assert trips.opened == [("script", "2")]
    assert unnamed(library.info) == []


def test_a_script_is_duplicated_by_the_service(
    library: ScriptsPage, world: World, trips: Trips, run: Run
) -> None:
    world.api.answers[f"{POST}/2/duplicate"] = (201, objects.script(3, "Disk usage (copy)"))
    library.table.select([2])

    async def story() -> None:
        press(library, "Duplicate")
        await until(lambda: trips.opened == [("script", "3")])

    run(story())


def test_deleting_asks_first(library: ScriptsPage, world: World, run: Run) -> None:
    for number in (1, 2):
        world.api.answers[f"DELETE {SCRIPTS}/{number}"] = (204, None)
    library.table.select([1, 2])

    async def story() -> None:
        ask_delete = library.actions_.ask_delete
        dialog = ask_delete(library.table.selected_objects())
        assert "“Disk usage”, “Free disk space”" in dialog.text.text()
        dialog.reject()
        assert world.api.requests == []
        ask_delete(library.table.selected_objects()).buttons["yes"].click()
        await until(lambda: world.notices)

    run(story())
    assert world.notices[-1].text == "2 scripts were deleted."


@pytest.mark.parametrize(
    ("name", "raw", "language", "content"),
    [
        ("a.ps1", b"\xff\xfe" + "é\r\n".encode("utf-16-le"), "powershell", "é\r\n"),
        ("a.ps1", b"\xef\xbb\xbfx", "powershell", "x"),
        ("a.bat", "é".encode("cp1252"), "cmd", "é"),
        ("a.sh", b"#!/usr/bin/env python3\n", "python", "#!/usr/bin/env python3\n"),
        ("a.sh", b"#!/bin/sh\n", "sh", "#!/bin/sh\n"),
        ("a.txt", b"ls\n", "bash", "ls\n"),
    ],
)
def test_a_file_is_read_as_what_it_is(
    tmp_path: Path, name: str, raw: bytes, language: str, content: str
) -> None:
    path = tmp_path / name
    path.write_bytes(raw)
    file = read_script(path)
    assert (file.name, file.language, file.content) == ("a", language, content)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "is empty"),
        (b"MZ\0\0", "is not a text file"),
        (b"x" * (MAX_CONTENT + 1), "512 KB are allowed"),
    ],
)
def test_a_file_that_is_no_script_is_refused(tmp_path: Path, raw: bytes, why: str) -> None:
    path = tmp_path / "a.sh"
    path.write_bytes(raw)
    with pytest.raises(UnusableFile, match=why):
        read_script(path)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableFile, match="cannot be read"):
        read_script(tmp_path / "missing.sh")


def test_the_palette_finds_scripts() -> None:
    assert [match.describe(LIBRARY[0]) for match in feature().matches] == [("Free disk space", "PowerShell")]
