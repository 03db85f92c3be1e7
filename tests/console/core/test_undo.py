"""Undo by whole states."""

from hypothesis import given
from hypothesis import strategies as st

from console.core.undo import Undo


def test_changes_of_one_kind_are_one_step() -> None:
    undo = Undo("")
    for text in ("a", "ab", "abc"):
        undo.change(text, "typing")
    undo.change("abc!", "other")
    assert undo.undo()
    assert undo.now == "abc"
    assert undo.undo()
    assert undo.now == ""
    assert not undo.undo()
    assert undo.redo()
    assert undo.now == "abc"
    undo.change("x", "typing")
    assert not undo.redo()


def test_another_thing_begins_anew() -> None:
    undo = Undo(1)
    undo.change(2)
    undo.begin(3)
    assert not undo.can_undo
    assert undo.now == 3


@given(st.lists(st.integers(0, 3), max_size=40))
def test_all_can_be_undone_and_done_again(states: list[int]) -> None:
    undo = Undo(0)
    for state in states:
        undo.change(state)
    last = undo.now
    while undo.undo():
        pass
    assert undo.now == 0
    while undo.redo():
        pass
    assert undo.now == last
