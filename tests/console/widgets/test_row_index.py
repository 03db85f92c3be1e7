"""The order of a live table against a naive one."""

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from console.widgets.row_index import Predicate, RowIndex

Object = dict[str, Any]
NAMES = ["alpha", "beta", "gamma", "Lab", "lab-2"]

objects = st.builds(
    lambda key, name, cpu: {"id": key, "name": name, "cpu": cpu},
    st.integers(0, 12),
    st.sampled_from(NAMES),
    st.integers(0, 4),
)
events = st.one_of(
    st.tuples(st.just("apply"), st.lists(objects, max_size=6), st.sets(st.integers(0, 12), max_size=3)),
    st.tuples(st.just("sort"), st.sampled_from(["name", "cpu"]), st.booleans()),
    st.tuples(st.just("filter"), st.sampled_from(["", "a", "lab", "lab 2", "x"]), st.booleans()),
    st.tuples(st.just("begin filter"), st.sampled_from(["", "a", "lab 2"]), st.booleans()),
    st.tuples(st.just("end filter"), st.none(), st.none()),
    st.tuples(st.just("reverse"), st.none(), st.none()),
    st.tuples(st.just("settle"), st.none(), st.none()),
)


def busy(item: Object) -> bool:
    return bool(item["cpu"] > 2)


class Naive:
    """Sorts and filters everything anew each time."""

    def __init__(self) -> None:
        self.objects: dict[int, Object] = {}
        self.key, self.descending = "name", False
        self.words: list[str] = []
        self.predicate: Predicate | None = None

    def shown(self) -> list[int]:
        found = [
            item
            for item in self.objects.values()
            if all(word in item["name"].lower() for word in self.words)
            and (self.predicate is None or self.predicate(item))
        ]
        found.sort(key=lambda item: (item[self.key], item["id"]), reverse=self.descending)
        return [item["id"] for item in found]


def follow_plan(index: RowIndex) -> None:
    """As the table's model does, row by row."""
    plan = index.plan()
    shown = index.shown[:]
    for at in plan.removed:
        del shown[at]
    if plan.survivors is not None:
        assert sorted(plan.survivors) == sorted(shown)
        shown = plan.survivors[:]
    for at, row in plan.inserted:
        shown.insert(at, row)
    index.commit()
    assert index.shown == shown


def ids(index: RowIndex) -> list[int]:
    return [index.id_of(row) for row in index.shown]


@given(st.lists(objects, max_size=12), st.lists(events, max_size=25))
def test_it_shows_what_a_naive_table_shows(start: list[Object], story: list[tuple[str, Any, Any]]) -> None:
    with patch("console.widgets.row_index.FILTER_STEP", 2):
        compare_with_naive(start, story)


def compare_with_naive(start: list[Object], story: list[tuple[str, Any, Any]]) -> None:
    naive = Naive()
    index = RowIndex(lambda item: item["name"].lower(), lambda item: item["name"])
    index.add_slice(start)
    index.built()
    naive.objects = {item["id"]: item for item in start}
    asked: Iterator[None] | None = None
    wanted: tuple[list[str], bool] = ([], False)
    for what, first, second in story:
        if what == "apply":
            changed = {item["id"]: item for item in first if item["id"] not in second}
            index.apply(changed, second)
            naive.objects.update(changed)
            for object_id in second:
                naive.objects.pop(object_id, None)
        elif what == "sort":
            index.sort_by(lambda item, key=first: item[key], second)  # type: ignore[misc]
            naive.key, naive.descending = first, second
        elif what == "begin filter":
            asked, wanted = index.filtering(first.split(), busy if second else None), (first.split(), second)
            next(asked, None)
        elif what == "end filter" and asked is not None:
            for _step in asked:
                pass
            same = index.filter_changes_nothing()
            before = ids(index)
            index.use_filter()
            assert not same or ids(index) == before
            naive.words, naive.predicate, asked = wanted[0], busy if wanted[1] else None, None
        elif what == "filter":
            words, predicate, asked = first.split(), busy if second else None, None
            index.filter(words, predicate)
            naive.words, naive.predicate = words, predicate
        elif what == "reverse":
            index.reverse()
            naive.descending = not naive.descending
        if what != "apply":
            follow_plan(index)
            assert index.settled
            assert ids(index) == naive.shown()
            assert len(index) == len(naive.objects)
    follow_plan(index)
    assert ids(index) == naive.shown()
    assert [index.rows[row] for row in index.shown] == [naive.objects[key] for key in naive.shown()]


def test_a_changed_row_stays_in_place_until_the_plan_is_followed() -> None:
    index = RowIndex(lambda item: item["name"], lambda item: item["name"])
    index.add_slice([{"id": 1, "name": "a"}, {"id": 2, "name": "b"}])
    index.built()
    assert index.apply({1: {"id": 1, "name": "c"}}) == {index.number(1)}
    assert ids(index) == [1, 2]
    assert not index.settled
    follow_plan(index)
    assert ids(index) == [2, 1]


def test_a_row_that_is_gone_keeps_its_object_while_it_is_shown() -> None:
    index = RowIndex(lambda item: item["name"], lambda item: item["name"])
    index.add_slice([{"id": 1, "name": "a"}])
    index.built()
    index.apply({}, [1])
    assert index.rows[index.shown[0]] == {"id": 1, "name": "a"}
    assert index.number(1) is None
    follow_plan(index)
    assert index.shown == []
