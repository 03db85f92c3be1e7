"""What differs between two states of a profile, and how two people's changes become one."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from console.core.differences import THEIRS
from console.core.plan_changes import Change, Merge, changes
from console.core.plan_tasks import EditedPlan, EditedTask


def nobody(_kind: str, _id: int) -> dict[str, Any] | None:
    return None


def plan(*tasks: EditedTask, **labels: Any) -> EditedPlan:
    return EditedPlan(**{"name": "Office", **labels}, tasks=tasks)


def task(key: int, name: str = "", **more: Any) -> EditedTask:
    return EditedTask(key, name or f"t{key}", **more)


A, B, C, D = (task(key) for key in (1, 2, 3, 4))


def test_each_difference_is_said_once() -> None:
    new = plan(B, A, task(3, "t3", timeout_s=600), task(-1, "new"), name="Desk")
    found = changes(plan(A, B, C, D), new, nobody)
    assert [(one.kind, one.title) for one in found] == [
        ("label", "Name"),
        ("moved", "t1"),
        ("changed", "t3"),
        ("added", "new"),
        ("removed", "t4"),
    ]
    assert found[0].lines == ("Office → Desk",)
    assert found[2].lines == ("Time limit: its own → 10 min",)


def test_one_task_that_moved_far_is_the_only_one_that_moved() -> None:
    assert changes(plan(A, B, C, D), plan(D, A, B, C), nobody) == [Change("moved", "t4", ("Now at place 1",))]


def test_values_are_compared_by_name() -> None:
    old, new = task(1, parameters={"Days": 3, "Old": "x"}), task(1, parameters={"Days": 9, "New": True})
    (found,) = changes(plan(old), plan(new), nobody)
    assert found.lines == ("Days: 3 → 9", "New: nothing → True", "Old: x → nothing")


# ---- two people


def merged(base: EditedPlan, mine: EditedPlan, theirs: EditedPlan, **choices: str) -> EditedPlan:
    chosen: dict[str | int, str] = {int(k[1:]) if k[1:].isdigit() else k: v for k, v in choices.items()}
    return Merge(base, mine, theirs, chosen).result()


def test_what_only_one_of_them_changed_is_taken() -> None:
    base = plan(A, B, C)
    mine = plan(task(1, "mine"), B, C, description="d")
    theirs = plan(A, task(2, "theirs"), C, name="Desk")
    found = merged(base, mine, theirs)
    assert found == plan(task(1, "mine"), task(2, "theirs"), C, name="Desk", description="d")


def test_where_both_changed_it_is_chosen() -> None:
    base, mine, theirs = plan(A), plan(task(1, "mine")), plan(task(1, "theirs"))
    assert merged(base, mine, theirs) == mine
    assert merged(base, mine, theirs, _1=THEIRS) == theirs
    (one,) = Merge(base, mine, theirs).differences(nobody)
    assert one.is_conflict
    assert one.mine == ("Name: t1 → mine",)


def test_removed_by_one_and_left_alone_by_the_other_is_removed() -> None:
    assert merged(plan(A, B), plan(B), plan(A, B)) == plan(B)
    assert merged(plan(A, B), plan(A, B), plan(B)) == plan(B)


def test_removed_by_one_and_changed_by_the_other_is_a_conflict() -> None:
    merge = Merge(plan(A, B), plan(B), plan(task(1, "theirs"), B))
    (one,) = merge.differences(nobody)
    assert (one.mine, one.is_conflict) == (("Removed",), True)
    assert merge.result() == plan(B)
    merge.choices[1] = THEIRS
    assert merge.result() == plan(task(1, "theirs"), B)


def test_what_both_added_stands_behind_what_it_stood_behind() -> None:
    mine, theirs = plan(A, task(-1, "mine"), B), plan(A, B, task(9, "theirs"))
    assert merged(plan(A, B), mine, theirs) == plan(A, task(-1, "mine"), B, task(9, "theirs"))


def test_their_order_is_taken_where_i_left_it_alone() -> None:
    found = merged(plan(A, B, C), plan(A, task(2, "mine"), C), plan(C, A, B))
    assert found == plan(C, A, task(2, "mine"))


SOME = st.lists(st.sampled_from([1, 2, 3, 4, 5]), unique=True).flatmap(
    lambda keys: st.tuples(*(st.builds(task, st.just(key), st.sampled_from(["a", "b", "c"])) for key in keys))
)
PLANS = st.builds(lambda tasks: EditedPlan("p", tasks=tasks), SOME)


@given(PLANS, PLANS)
def test_against_somebody_who_did_nothing_all_of_mine_is_kept(base: EditedPlan, mine: EditedPlan) -> None:
    assert merged(base, mine, base) == mine
    assert merged(base, base, mine) == mine


@given(PLANS, PLANS, PLANS)
def test_no_task_comes_twice_and_none_is_invented(
    base: EditedPlan, mine: EditedPlan, theirs: EditedPlan
) -> None:
    merge = Merge(base, mine, theirs)
    keys = [one.key for one in merge.result().tasks]
    assert len(keys) == len(set(keys))
    assert all(one in (*mine.tasks, *theirs.tasks) for one in merge.result().tasks)
    both = {one.key for one in mine.tasks} & {one.key for one in theirs.tasks}
    assert both <= set(keys)
