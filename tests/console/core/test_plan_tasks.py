"""The list of tasks as a value."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from console.core import plan_tasks
from console.core.plan_tasks import EditedPlan, EditedTask, Tasks, same
from console.core.work import Work


def tasks(*names: str) -> Tasks:
    return tuple(EditedTask(key, name, script_id=key) for key, name in enumerate(names, 1))


def names(found: Tasks) -> str:
    return "".join(task.name for task in found)


FOUR = tasks(*"abcd")


@pytest.mark.parametrize(
    ("keys", "step", "order"),
    [
        ({2}, -1, "bacd"),
        ({2}, 1, "acbd"),
        ({1}, -1, "abcd"),
        ({4}, 1, "abcd"),
        ({2, 3}, -1, "bcad"),
        ({2, 4}, -1, "badc"),
        ({1, 2, 4}, -1, "abdc"),
        ({3, 4}, 1, "abcd"),
        (set(), 1, "abcd"),
    ],
)
def test_tasks_move_together_and_stay_at_the_ends(keys: set[int], step: int, order: str) -> None:
    assert names(plan_tasks.move_by(FOUR, keys, step)) == order


@pytest.mark.parametrize(
    ("keys", "place", "order"),
    [
        ({1}, 2, "bacd"),
        ({1}, 4, "bcda"),
        ({4}, 0, "dabc"),
        ({1, 4}, 2, "badc"),
        ({2}, 1, "abcd"),
        ({2}, 2, "abcd"),
    ],
)
def test_tasks_are_put_before_a_place(keys: set[int], place: int, order: str) -> None:
    assert names(plan_tasks.move_to(FOUR, keys, place)) == order


@given(st.sets(st.integers(1, 6)), st.integers(0, 6), st.sampled_from([-1, 1]))
def test_moving_loses_nothing(keys: set[int], place: int, step: int) -> None:
    six = tasks(*"abcdef")
    for moved in (plan_tasks.move_to(six, keys, place), plan_tasks.move_by(six, keys, step)):
        assert sorted(names(moved)) == sorted("abcdef")
        kept = [task.key for task in six if task.key not in keys]
        assert [task.key for task in moved if task.key not in keys] == kept
        assert [task.key for task in moved if task.key in keys] == sorted(keys)


def test_copies_stand_behind_and_have_names_of_their_own() -> None:
    copied, keys = plan_tasks.duplicate(FOUR, {1, 2})
    assert [task.name for task in copied] == ["a", "b", "a (copy)", "b (copy)", "c", "d"]
    assert keys == [-1, -2]
    again, _keys = plan_tasks.duplicate(copied, {keys[0]})
    assert "a (copy 2)" in [task.name for task in again]


def test_other_work_drops_what_belonged_to_the_former() -> None:
    task = EditedTask(1, "t", script_id=1, revision_id=9, parameters={"A": 1}, arguments=("x",), query="q")
    changed = task.with_work(Work("software", 4))
    assert (changed.script_id, changed.software_id, changed.action) == (None, 4, "install")
    assert (changed.revision_id, changed.parameters, changed.arguments) == (None, {}, ())
    assert (changed.name, changed.query) == ("t", "q")


def test_only_what_is_changed_is_sent() -> None:
    saved = EditedPlan("Office", "Desks", "windows", None, FOUR)
    change = msgspec.structs.replace(saved, description="").as_change(saved, "why")
    assert (change.name, change.description, change.tasks, change.message) == (UNSET, None, UNSET, "why")


def test_ids_are_sent_only_of_tasks_that_are_there() -> None:
    saved = EditedPlan("Office", tasks=FOUR[:2])
    change = saved.with_tasks((FOUR[1], FOUR[3], EditedTask(-1, "new"))).as_change(saved, "")
    assert change.tasks is not UNSET
    assert [(task.name, task.id, task.order_index) for task in change.tasks] == [
        ("b", 2, 10),
        ("d", None, 20),
        ("new", None, 30),
    ]


def test_keys_of_new_tasks_do_not_matter() -> None:
    one, other = (EditedPlan("A", tasks=(EditedTask(key, "t"),)) for key in (-1, -7))
    assert same(one, other)
    assert not same(one, EditedPlan("A", tasks=(EditedTask(3, "t"),)))
