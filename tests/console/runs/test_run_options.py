"""How a rollout is carried out, as a person says it."""

import msgspec
import pytest
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from backend_lite.contract.runs import (
    OfflinePolicy,
    Policy,
    RebootPolicy,
    Retries,
    RunAs,
    TaskCreate,
    Waves,
    Window,
)
from console.features.runs import option_values as values
from console.features.runs.run_options import RunOptions
from tests.console.conftest import NOW, World
from tests.console.runs.starting import LIBRARY, Open, Run
from tests.helpers.names import unnamed

EVERYTHING = Policy(
    timeout_s=90,
    idle_timeout_s=600,
    expires_after_s=7200,
    not_before="2026-03-04T22:00:00.000Z",
    window=Window("22:00", "06:00", ["sat", "sun"], "Europe/Berlin"),
    offline=OfflinePolicy.SKIP,
    concurrency=50,
    waves=Waves(["1", "10%"], 600),
    failure_limit="10%",
    retries=Retries(2, 60),
    parallel=True,
    run_as=RunAs.USER,
    working_folder="/srv",
    exit_codes=[0, 3010],
    reboot=RebootPolicy.NOW,
    max_reboots=2,
    reboot_within_s=7200,
)


@pytest.fixture
def options(qtbot: QtBot, world: World) -> RunOptions:
    made = RunOptions(lambda: NOW)
    qtbot.addWidget(made)
    made.show()
    return made


def test_folded_away_it_is_one_sentence(options: RunOptions) -> None:
    assert not options.inside.isVisible()
    assert options.value() == Policy()
    assert options.summary.text() == "Offline devices have 7 days"
    options.fold.click()
    assert options.inside.isVisible()
    assert options.value() == Policy()
    assert unnamed(options) == []


@pytest.mark.parametrize("unfolded", [False, True])
def test_what_is_proposed_comes_back_unchanged(options: RunOptions, unfolded: bool) -> None:
    options.show_works([LIBRARY[1]])
    options.unfold(unfolded)
    options.show_policy(EVERYTHING)
    assert msgspec.to_builtins(options.value()) == msgspec.to_builtins(EVERYTHING)
    assert options.wrong() == ""
    assert "Waves of 1, 10 %" in options.summary.text()


def test_a_moment_that_has_passed_is_not_proposed_again(options: RunOptions) -> None:
    options.show_policy(Policy(not_before="2026-03-04T09:00:00.000Z"))
    assert options.value().not_before is None


@pytest.mark.parametrize("culprit", [True, False])
def test_retries_are_for_what_may_be_repeated(options: RunOptions, culprit: bool) -> None:
    options.show_policy(Policy(retries=Retries(2, 60)))
    options.show_works([{**LIBRARY[1], "idempotent": not culprit}])
    assert options.value().retries.count == (0 if culprit else 2)
    options.unfold()
    assert options.manner.retries.box.isEnabled() is not culprit
    why = "“Spooler” is not marked as one that may be repeated after a failure."
    assert (options.manner.retries.note.text() == why) is culprit
    assert options.value().retries.count == (0 if culprit else 2)


def test_the_limit_of_the_script_is_what_an_empty_field_means(options: RunOptions) -> None:
    options.unfold()
    options.show_works([LIBRARY[0]])
    assert options.manner.timeout.box.placeholderText() == "30 min, the script's own"
    QTest.keyClicks(options.manner.timeout.box, "1 h")
    assert options.value().timeout_s == 3600


def test_a_run_may_be_kept_from_restarting(options: RunOptions) -> None:
    options.unfold()
    QTest.keyClicks(options.manner.reboots.box, "0")
    assert options.value().max_reboots == 0


def test_each_of_several_scripts_may_have_a_time_limit(open_: Open, run: Run) -> None:
    dialog = open_(device_ids=(1,), tasks=(TaskCreate(script_id=1), TaskCreate(script_id=1, timeout_s=90)))
    first, second = dialog.what.tasks

    async def story() -> None:
        assert (first.limit.text, second.limit.text) == ("", "1 min 30 s")
        assert first.limit.box.placeholderText() == "30 min"
        first.limit.box.insert("2 h")
        dialog.options.manner.timeout.box.insert("1 h")
        second.limit.box.clear()
        assert second.limit.box.placeholderText() == "1 h"
        wanted = dialog.wanted()
        assert wanted is not None
        assert [task.timeout_s for task in wanted.tasks] == [7200, None]
        first.limit.box.insert("soon")
        assert dialog.sentence.text().startswith("Task 1: Time limit: Write a time")

    run(story())


def test_a_single_script_has_its_time_limit_among_the_options(open_: Open) -> None:
    dialog = open_(device_ids=(1,), timeout_s=120)
    assert dialog.what.tasks[0].limit.isHidden()
    assert dialog.options.manner.timeout.text == "2 min"


def test_a_moment_is_said_as_it_was_understood(options: RunOptions) -> None:
    QTest.keyClicks(options.when.not_before.box, "2026-03-07 22:00")
    assert options.when.not_before.note.text() == "Saturday 7 March 2026, 22:00"
    options.when.not_before.show_text("")
    assert options.when.not_before.note.text() == ""


@pytest.mark.parametrize(
    ("type_", "wrong"),
    [
        (lambda o: o.when.not_before.box.setText("soon"), "Not before: Write a time"),
        (lambda o: o.when.window_.start.box.setText("22:00"), "The maintenance window needs both times."),
        (lambda o: _window(o, "22:00", "22:00"), "The maintenance window begins and ends at the same time."),
        (lambda o: _window(o, "22:00", "24:30"), "The maintenance window: write times such as 22:00."),
        (lambda o: _zone(o, "Mars/Olympus"), "“Mars/Olympus” is no time zone: choose one of the list."),
        (lambda o: o.order.sizes.box.setText("1, 110%"), "Waves: Write sizes"),
        (lambda o: o.order.limit.box.setText("many"), "Halt when more end badly than: Write a count"),
        (lambda o: o.order.concurrency.box.setText("0"), "At the same time: Write a count"),
        (lambda o: o.manner.codes.box.setText("a"), "Exit codes of success: Write exit codes"),
        (
            lambda o: o.manner.retries.box.setText("11"),
            "Try again after a failure: Write a count",
        ),
        (lambda o: o.manner.timeout.box.setText("8 days"), "Time limit: Write a time"),
        (lambda o: o.manner.reboots.box.setText("11"), "Restarts of a run at most: Write a count"),
        (lambda o: o.manner.within.box.setText("2 years"), "Give up without a restart for: Write a time"),
    ],
)
def test_what_is_wrong_is_said(options: RunOptions, type_: object, wrong: str) -> None:
    options.unfold()
    assert callable(type_)
    type_(options)
    assert options.wrong().startswith(wrong)


def _window(options: RunOptions, start: str, end: str) -> None:
    options.when.window_.start.box.setText(start)
    options.when.window_.end.box.setText(end)


def _zone(options: RunOptions, zone: str) -> None:
    _window(options, "22:00", "6:00")
    options.when.window_.zone.line.setText(zone)


@pytest.mark.parametrize(
    ("text", "sizes"),
    [("1, 10%, 50%", ["1", "10%", "50%"]), ("5", ["5"]), ("1 10 %", ["1", "10%"]), ("0", None), ("-1", None)],
)
def test_the_sizes_of_waves(text: str, sizes: list[str] | None) -> None:
    assert values.sizes(text) == sizes


def test_what_is_wrong_in_the_options_keeps_run_back(open_: Open) -> None:
    dialog = open_(device_ids=(1,))
    dialog.options.order.limit.box.setText("many")
    dialog.options.order.changed.emit()
    assert dialog.sentence.text().startswith("Halt when more end badly than")
    assert not dialog.run.isEnabled()


def test_a_run_for_later_says_so_on_its_button(open_: Open) -> None:
    dialog = open_(device_ids=(1,), policy=Policy(not_before="2026-03-04T22:00:00.000Z"))
    assert dialog.run.text().startswith("Run on lab-1, ")
    assert dialog.sentence.text() == "“Greet” runs on 1 device when its time comes."
