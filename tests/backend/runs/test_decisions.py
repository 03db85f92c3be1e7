"""Windows, shares and verdicts: the pure decisions of a rollout."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.wire.states import Outcome, StepState
from backend_lite.contract.runs import Policy, Retries, TaskReboot, Waves, Window
from backend_lite.errors import InvalidError
from backend_lite.features.runs.policies import check_policy
from backend_lite.features.runs.retries import delay_s
from backend_lite.features.runs.shares import amount, wave_sizes
from backend_lite.features.runs.verdict import Terms, Verdict, verdict
from backend_lite.features.runs.windows import DAYS, opens_at, zone
from tests.backend.runs.harness import outcome

BERLIN = ZoneInfo("Europe/Berlin")


def _ms(text: str, where: ZoneInfo = BERLIN, fold: int = 0) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=where, fold=fold).timestamp() * 1000)


@pytest.mark.parametrize(
    ("window", "now", "opens"),
    [
        (Window("08:00", "17:00"), "2026-01-07 12:00", None),
        (Window("08:00", "17:00"), "2026-01-07 17:00", "2026-01-08 08:00"),
        (Window("22:00", "06:00"), "2026-01-07 05:59", None),
        (Window("22:00", "06:00"), "2026-01-07 06:00", "2026-01-07 22:00"),
        # The night that belongs to Friday ends on Saturday.
        (Window("22:00", "06:00", ["fri"]), "2026-01-10 05:00", None),
        (Window("22:00", "06:00", ["fri"]), "2026-01-09 05:00", "2026-01-09 22:00"),
        (Window("22:00", "06:00", ["fri"]), "2026-01-10 06:00", "2026-01-16 22:00"),
        (Window("00:00", "00:00"), "2026-01-07 03:00", None),
        # On 29 March the hour from 2 to 3 is left out: what lies in it is moved on.
        (Window("02:00", "02:30"), "2026-03-29 01:59", "2026-03-29 03:00"),
        (Window("02:00", "02:30"), "2026-03-29 03:15", None),
        (Window("22:00", "06:00"), "2026-03-29 05:59", None),
        # On 25 October the clock shows 2 to 3 twice.
        (Window("02:00", "03:00"), "2026-10-25 02:30", None),
        (Window("01:00", "02:30"), "2026-10-25 02:45", None),
    ],
)
def test_when_a_window_opens(window: Window, now: str, opens: str | None) -> None:
    assert opens_at(window, BERLIN, _ms(now)) == (None if opens is None else _ms(opens))


def test_a_time_that_comes_twice_counts_to_its_second_occurrence() -> None:
    assert opens_at(Window("01:00", "02:30"), BERLIN, _ms("2026-10-25 02:15", fold=1)) is None
    assert opens_at(Window("01:00", "02:30"), BERLIN, _ms("2026-10-25 02:30", fold=1)) is not None


@given(
    st.times(),
    st.times(),
    st.sets(st.sampled_from(DAYS)),
    st.integers(946_684_800_000, 4_102_444_800_000),
    st.sampled_from(["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]),
)
def test_every_window_opens_within_nine_days_and_is_open_then(
    start: time, end: time, days: set[str], now: int, name: str
) -> None:
    window = Window(f"{start:%H:%M}", f"{end:%H:%M}", sorted(days))
    where = zone(name)
    assert where is not None
    opens = opens_at(window, where, now)
    if opens is not None:
        assert now < opens <= now + 9 * 86_400_000
        assert opens_at(window, where, opens) is None


@pytest.mark.parametrize("name", ["", "Middle/Nowhere", "../etc/passwd", "/etc/localtime", "a\0b"])
def test_no_zone_by_that_name(name: str) -> None:
    assert zone(name) is None


@pytest.mark.parametrize(
    ("sizes", "total", "expected"),
    [
        ([], 7, []),
        (["1", "10%"], 100, [1, 10, 89]),
        (["1%"], 7, [1, 6]),
        (["5", "50%", "100%"], 8, [5, 3]),
        (["3"], 3, [3]),
    ],
)
def test_how_many_runs_a_wave_has(sizes: list[str], total: int, expected: list[int]) -> None:
    assert wave_sizes(Waves(sizes), total) == expected


@given(
    st.lists(st.one_of(st.integers(1, 50).map(str), st.integers(0, 100).map("{}%".format))),
    st.integers(1, 99),
)
def test_waves_hold_every_run_once(sizes: list[str], total: int) -> None:
    waves = wave_sizes(Waves(sizes), total)
    assert sum(waves) == (total if sizes else 0)
    assert all(size > 0 for size in waves)


@pytest.mark.parametrize("text", ["", "-1", "101%", "ten", "1.5", "5 runs"])
def test_what_is_no_number_of_runs(text: str) -> None:
    with pytest.raises(InvalidError, match="such as 5"):
        amount(text, 10, "size")


R = StepState.RUNNING
C = StepState.CANCELLING


@pytest.mark.parametrize(
    ("current", "result", "code", "system", "expected"),
    [
        (R, Outcome.EXITED, 0, "linux", Verdict(StepState.SUCCEEDED)),
        (R, Outcome.EXITED, 2, "linux", Verdict(StepState.SUCCEEDED)),
        (R, Outcome.EXITED, 1, "linux", Verdict(StepState.FAILED, "exit_code")),
        (R, Outcome.EXITED, 194, "linux", Verdict(StepState.SUCCEEDED, "reboot")),
        (R, Outcome.EXITED, 194, "windows", Verdict(StepState.FAILED, "exit_code")),
        (R, Outcome.EXITED, 3010, "windows_server", Verdict(StepState.SUCCEEDED, "reboot")),
        (R, Outcome.EXITED, 1641, "windows", Verdict(StepState.SUCCEEDED, "reboot")),
        (R, Outcome.IDLE, None, None, Verdict(StepState.TIMED_OUT, "idle")),
        (R, Outcome.TIMED_OUT, None, None, Verdict(StepState.TIMED_OUT, "timeout")),
        (R, Outcome.NOT_STARTED, None, None, Verdict(StepState.QUEUED, "not_started")),
        (C, Outcome.NOT_STARTED, None, None, Verdict(StepState.CANCELLED, "before_start")),
        (C, Outcome.CANCELLED, None, None, Verdict(StepState.CANCELLED, "stopped")),
        (C, Outcome.EXITED, 0, "linux", Verdict(StepState.SUCCEEDED, "ended_first")),
        (C, Outcome.EXITED, 1, "linux", Verdict(StepState.FAILED, "ended_first")),
        (R, Outcome.UNKNOWN, None, None, Verdict(StepState.UNKNOWN, "not_known")),
    ],
)
def test_what_an_outcome_means(
    current: StepState, result: Outcome, code: int | None, system: str | None, expected: Verdict
) -> None:
    message = outcome("e1-1-1", result=result, exit_code=code)
    assert verdict(current, message, Terms([0, 2]), system) == expected


@pytest.mark.parametrize(
    ("reboot", "code", "expected"),
    [
        (TaskReboot.ANNOUNCED, 3010, Verdict(StepState.SUCCEEDED, "reboot")),
        (TaskReboot.ANNOUNCED, 0, Verdict(StepState.SUCCEEDED)),
        (TaskReboot.NEVER, 3010, Verdict(StepState.SUCCEEDED)),
        (TaskReboot.ALWAYS, 0, Verdict(StepState.SUCCEEDED, "reboot")),
        (TaskReboot.ALWAYS, 1, Verdict(StepState.FAILED, "exit_code")),
    ],
)
def test_a_task_says_whether_a_restart_follows(reboot: TaskReboot, code: int, expected: Verdict) -> None:
    message = outcome("e1-1-1", exit_code=code)
    assert verdict(R, message, Terms([0], reboot), "windows") == expected


def test_delays_double_up_to_an_hour() -> None:
    assert [delay_s(Retries(9, 30), tried) for tried in (1, 2, 3, 7, 8, 200)] == [
        30,
        60,
        120,
        1920,
        3600,
        3600,
    ]


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (Policy(idle_timeout_s=0), "idle_timeout_s"),
        (Policy(expires_after_s=0), "expires_after_s"),
        (Policy(not_before="tomorrow"), "not_before"),
        (Policy(window=Window("24:00", "06:00")), "HH:MM"),
        (Policy(window=Window("22:00", "06:00", ["Freitag"])), "is not a day"),
        (Policy(window=Window("22:00", "06:00", [], "Mars/Base")), "time zone"),
        (Policy(concurrency=0), "concurrency"),
        (Policy(waves=Waves(["0"])), "at least one run"),
        (Policy(waves=Waves(["1"], -1)), "healthy_for_s"),
        (Policy(failure_limit="many"), "limit of failures"),
        (Policy(retries=Retries(11)), "At most 10"),
        (Policy(retries=Retries(1, 0)), "delay"),
        (Policy(exit_codes=[]), "exit codes"),
        (Policy(working_folder="work"), "absolute"),
        (Policy(max_reboots=99), "max_reboots"),
        (Policy(reboot_within_s=0), "reboot_within_s"),
    ],
)
def test_what_a_policy_may_not_say(policy: Policy, words: str) -> None:
    with pytest.raises(InvalidError, match=words):
        check_policy(policy, total=10, may_repeat=True)


def test_a_policy_of_defaults_may_be_carried_out() -> None:
    check_policy(Policy(), total=1, may_repeat=False)
