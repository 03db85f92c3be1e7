"""Two changes of one text: what only one side changed needs nobody, the rest is shown to a person."""

from hypothesis import given
from hypothesis import strategies as st

from console.core.merge import Chunk, Side, merge

LINES = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "", "d"]), max_size=8).map("".join)


def sides(base: str, mine: str, theirs: str) -> list[tuple[str, str]]:
    return [
        (chunk.side.value, "".join(chunk.mine if chunk.side is not Side.THEIRS else chunk.theirs))
        for chunk in merge(base, mine, theirs)
    ]


def test_changes_at_different_places_come_together() -> None:
    assert sides("1\n2\n3\n4\n5\n", "one\n2\n3\n4\n5\n", "1\n2\n3\n4\nfive\n") == [
        ("mine", "one\n"),
        ("nobody", "2\n3\n4\n"),
        ("theirs", "five\n"),
    ]


def test_changes_of_the_same_lines_are_for_a_person() -> None:
    assert merge("1\n2\n3\n", "1\nmine\n3\n", "1\ntheirs\n3\n")[1] == Chunk(
        ("2\n",), ("mine\n",), ("theirs\n",)
    )
    assert sides("1\n", "2\n", "2\n") == [("alike", "2\n")]
    assert sides("", "new\n", "other\n") == [("both", "new\n")]
    assert merge("", "", "") == []


@given(LINES, LINES, LINES)
def test_no_line_of_any_text_is_lost(base: str, mine: str, theirs: str) -> None:
    chunks = merge(base, mine, theirs)
    assert "".join("".join(chunk.base) for chunk in chunks) == base
    assert "".join("".join(chunk.mine) for chunk in chunks) == mine
    assert "".join("".join(chunk.theirs) for chunk in chunks) == theirs


@given(LINES, LINES)
def test_who_changed_nothing_gets_the_other_text(base: str, theirs: str) -> None:
    assert {chunk.side for chunk in merge(base, base, theirs)} <= {Side.NOBODY, Side.THEIRS}
    assert {chunk.side for chunk in merge(base, theirs, base)} <= {Side.NOBODY, Side.MINE}
