"""The page of enrollment tokens, with the real service behind it."""

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from console.features.enroll.tokens_page import TokensPage
from console.widgets.confirm import ConfirmDialog
from tests.console.fleet.near import makes_group, say_yes
from tests.helpers.names import unnamed
from tests.helpers.near_service import NearService, migrated, near, quick_passwords
from tests.helpers.waiting import until

__all__ = ["migrated", "near", "quick_passwords"]

Run = Callable[[Any], Any]


@pytest.fixture
def page(near: NearService, qtbot: QtBot) -> TokensPage:
    made = TokensPage(near.context)
    qtbot.addWidget(made)
    made.resize(1000, 700)
    made.show()
    return made


def names(page: TokensPage) -> list[str]:
    page.table.model_.settle()
    return [str(one["name"]) for one in page.table.model_.shown_objects()]


def cell(page: TokensPage, key: str) -> str:
    column = next(column for column in page.table.model_.columns if column.key == key)
    page.table.model_.settle()
    return column.text(next(iter(page.table.model_.shown_objects())))


def tokens(near: NearService) -> list[dict[str, Any]]:
    # The first one is the owner's session of another kind; only enrollment tokens are told.
    return near.known("enrollment_token")


def test_a_token_is_made_with_groups_renamed_and_revoked(
    near: NearService, page: TokensPage, run: Run
) -> None:
    async def story() -> None:
        lab = await makes_group(near, "Lab")
        dialog = page.ask_new()
        dialog.name.setText("Laptops")
        dialog.uses.setValue(3)
        dialog.groups.tick([lab])
        dialog.approve.setChecked(True)
        assert dialog.warning.isVisible()
        assert unnamed(dialog) == []
        dialog.go.click()
        dialog.reject()
        assert dialog.isVisible(), "it would be made, and nobody would see it"
        await until(dialog.result_.isVisible, "the commands")
        assert "--token-file -" in dialog.result_.linux.text.toPlainText()
        assert "--pin" in dialog.result_.windows.text.toPlainText()
        dialog.close_.click()
        await until(lambda: names(page) == ["Laptops"], "the token")
        assert cell(page, "groups") == "Lab"
        assert cell(page, "used") == "0 of 3"
        assert cell(page, "state") == "Usable"
        token = tokens(near)[0]
        rename = page.ask_rename(token)
        rename.box.setText("Laptops of May")
        rename.go.click()
        await until(lambda: names(page) == ["Laptops of May"], "the name")
        page.table.select([token["id"]])
        page.ask_revoke()
        say_yes(page)
        await until(lambda: cell(page, "state") == "Revoked", "the end")
        page.ask_revoke()
        assert not any(dialog.isVisible() for dialog in page.findChildren(ConfirmDialog))

    run(story())
    assert unnamed(page) == []


def test_what_is_refused_is_said_in_the_dialog(near: NearService, page: TokensPage, run: Run) -> None:
    async def story() -> None:
        lab = await makes_group(near, "Lab")
        dialog = page.ask_new()
        dialog.groups.tick([lab])
        await near.context.client.delete(f"/api/v1/groups/{lab}")
        dialog.groups.show_names({lab: "Lab"})
        dialog.groups.tick([lab])
        dialog.go.click()
        await until(lambda: "no group" in dialog.error.text(), "the refusal")
        assert dialog.form.isVisible()

    run(story())


def test_ended_ones_are_found_by_chip_and_query(near: NearService, page: TokensPage, run: Run) -> None:
    async def story() -> None:
        for name in ("one", "two"):
            dialog = page.ask_new()
            dialog.name.setText(name)
            dialog.go.click()
            await until(lambda name=name: name in names(page), "the token")  # type: ignore[misc]
            dialog.close_.click()
        ended = next(token["id"] for token in tokens(near) if token["name"] == "one")
        await near.context.client.delete(f"/api/v1/enrollment-tokens/{ended}")
        await until(lambda: near.context.live.kind("enrollment_token")[ended]["revoked_at"], "the end")
        for choice, shown in (("usable", ["two"]), ("ended", ["one"])):
            page.filter.choose(choice)
            await until(lambda shown=shown: names(page) == shown, choice)  # type: ignore[misc]
        page.filter.choose("all")
        QTest.keyClicks(page.filter.box, "state:ended")
        await until(lambda: names(page) == ["one"], "the query")

    run(story())
