"""What a save comes to whose answer finds another script, another page, or no page at all."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from console.core.drafts import Draft, Drafts
from console.features.library.edited import Edited
from console.features.library.script_page import ScriptPage
from console.shell.navigator import Navigator
from console.shell.page import Page
from console.widgets.confirm import ConfirmDialog, choose
from tests.console import objects
from tests.console.conftest import World
from tests.console.library.editing import GET, POST, PUT, STALE, Run, echo, saved, type_in
from tests.helpers.waiting import until

Hold = Callable[[str], asyncio.Event]


@pytest.fixture
def hold(world: World, monkeypatch: pytest.MonkeyPatch) -> Hold:
    """Calls of this method wait for the event."""

    def held(method: str) -> asyncio.Event:
        event, send = asyncio.Event(), getattr(world.context.client, method)

        async def later(*arguments: Any) -> Any:
            await event.wait()
            return await send(*arguments)

        monkeypatch.setattr(world.context.client, method, later)
        return event

    return held


@pytest.fixture
def page(greet: ScriptPage, world: World, run: Run) -> ScriptPage:
    async def story() -> None:
        world.live.change(2, "script", 2, objects.script(2, "Two", version=5))
        await until(lambda: world.context.live.get("script", 2))

    run(story())
    return greet


async def ended(page: ScriptPage) -> None:
    await until(lambda: not page._saving, "end of the save")


def test_what_is_saved_of_one_script_never_gets_into_another(
    page: ScriptPage, world: World, drafts: Drafts[Draft[Edited]], hold: Hold, run: Run
) -> None:
    world.api.answers[PUT] = echo

    async def story() -> None:
        answer = hold("put")
        type_in(page, "mine ")
        page.save_now()
        page.show_target("2")
        assert drafts.keys() == ["1"]
        answer.set()
        await ended(page)

    run(story())
    assert page._object is not None
    assert (page._object.id, page.editor.base.name, page.dirty) == (2, "Two", False)
    assert drafts.keys() == []
    assert "“Greet” is saved." in [notice.text for notice in world.notices]


def test_a_refusal_of_one_script_is_not_said_of_another(
    page: ScriptPage, world: World, drafts: Drafts[Draft[Edited]], hold: Hold, run: Run
) -> None:
    world.api.answers[PUT] = STALE

    async def story() -> None:
        answer = hold("put")
        type_in(page, "mine ")
        page.save_now()
        page.show_target("2")
        answer.set()
        await ended(page)

    run(story())
    assert page.notice.isHidden()
    assert drafts.keys() == ["1"]
    assert any("“Greet” is not saved: Script was changed" in notice.text for notice in world.notices)


@pytest.mark.parametrize("target", ["1", "new"])
def test_who_left_while_it_was_being_saved_is_not_brought_back(
    page: ScriptPage,
    world: World,
    drafts: Drafts[Draft[Edited]],
    hold: Hold,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    target: str,
) -> None:
    world.api.answers[PUT] = echo
    world.api.answers[POST] = saved(id=7)
    navigator, other = Navigator(), Page()
    for name in ("open", "replace"):
        monkeypatch.setattr(world.context.navigator, name, getattr(navigator, name))
    navigator.add("script", lambda: page)
    navigator.add("other", lambda: other)

    async def story() -> None:
        answers = hold("put"), hold("post")
        navigator.open("script", target)
        page.editor.fields.name_box.setText("Greet")
        type_in(page, "mine ")
        page.save_now()
        navigator.open("other")
        await until(lambda: page.findChildren(ConfirmDialog), "question")
        page.findChildren(ConfirmDialog)[-1].buttons["draft"].click()
        await until(lambda: navigator.page is other, "other page")
        for answer in answers:
            answer.set()
        await ended(page)

    run(story())
    assert navigator.page is other
    assert drafts.keys() == []


def test_a_second_press_saves_nothing_twice(page: ScriptPage, world: World, hold: Hold, run: Run) -> None:
    world.api.answers[POST] = saved(id=7)

    async def story() -> None:
        world.live.change(3, "script", 1, None)
        await until(page.notice.isVisible, "notice")
        answer = hold("post")
        page.notice.press("Make it again")
        page.notice.press("Make it again")
        answer.set()
        await ended(page)

    run(story())
    assert world.api.calls().count(POST) == 1


def test_a_second_press_asks_for_theirs_once(page: ScriptPage, world: World, run: Run) -> None:
    world.api.answers[PUT] = STALE
    world.api.answers[GET] = saved(version=3)

    async def story() -> None:
        type_in(page, "mine ")
        page.save_now()
        await until(page.notice.isVisible, "notice")
        world.api.answers[PUT] = echo
        page.notice.press("Save mine over it")
        page.notice.press("Save mine over it")
        await until(lambda: not page.dirty, "end of the save")
        await until(lambda: not world.context.ops.running, "end of all")

    run(story())
    assert world.api.calls().count(PUT) == 2


async def _choose(page: ScriptPage) -> object:
    return await choose(page, "Title", "Text", {"yes": ("Yes", "")})


async def _save(page: ScriptPage) -> object:
    return await page._saved_now()


@pytest.mark.parametrize("wait", [_choose, _save])
def test_nobody_waits_for_a_page_that_is_gone(
    page: ScriptPage,
    world: World,
    drafts: Drafts[Draft[Edited]],
    hold: Hold,
    run: Run,
    wait: Callable[[ScriptPage], Coroutine[Any, Any, object]],
) -> None:
    """A window that waited would never close."""
    hold("put")
    doomed = ScriptPage(world.context, drafts)

    async def story() -> object:
        doomed.show_target("1")
        type_in(doomed, "mine ")
        waiting = asyncio.ensure_future(wait(doomed))
        await asyncio.sleep(0)
        doomed.deleteLater()
        return await asyncio.wait_for(waiting, 10)

    assert not run(story())
