"""Rollouts in words."""

from datetime import UTC, datetime
from typing import Any

import pytest

from console.core.policy_words import policy_summary
from console.features.runs.rollout_words import (
    shares,
    state_word,
    wave_title,
)
from tests.console import objects

NOW = datetime(2026, 3, 4, 10, 42, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        ({}, "Offline devices have 7 days"),
        ({"offline": "skip"}, "Offline devices are skipped"),
        ({"offline": "fail", "concurrency": 1}, "One at a time · offline devices fail"),
        (
            {"waves": {"sizes": ["5", "10%"], "by_hand": True}, "failure_limit": "2%"},
            "Waves of 5, 10 %, then the rest, each started by hand · halts when more than 2 % end badly"
            " · offline devices have 7 days",
        ),
        (
            {
                "window": {
                    "start": "22:00",
                    "end": "05:00",
                    "days": ["sat", "sun"],
                    "time_zone": "Europe/Berlin",
                }
            },
            "Only Sat, Sun 22:00 to 05:00 (Europe/Berlin) · offline devices have 7 days",
        ),
        (
            {
                "offline": "skip",
                "retries": {"count": 1, "delay_s": 60},
                "run_as": "user",
                "exit_codes": [0, 5],
            },
            "Offline devices are skipped · one retry after 1 min · as the signed-in user"
            " · success is exit code 0, 5",
        ),
        (
            {"offline": "skip", "reboot": "now", "parallel": True, "idle_timeout_s": 90},
            "Offline devices are skipped · stopped after 1 min 30 s of silence"
            " · restarts devices that ask for it · beside other work on the device",
        ),
    ],
)
def test_what_a_person_chose_is_said(policy: dict[str, Any], text: str) -> None:
    assert policy_summary(objects.rollout(policy=policy), NOW) == text


@pytest.mark.parametrize(
    ("state", "counters", "tone"),
    [
        ("done", {"succeeded": 1}, "good"),
        ("done", {"succeeded": 1, "failed": 1}, "bad"),
        ("done", {"succeeded": 1, "unknown": 1}, "warning"),
        ("halted", {}, "warning"),
        ("cancelled", {}, "idle"),
    ],
)
def test_what_is_done_is_as_good_as_its_worst_run(state: str, counters: dict[str, int], tone: str) -> None:
    assert state_word(objects.rollout(1, state, counters=counters))[1] == tone


def test_waves_have_the_sizes_that_a_person_wrote() -> None:
    rollout = objects.rollout(waves=[1, 4, 5], policy={"waves": {"sizes": ["1", "40%"]}})
    assert [wave_title(rollout, number) for number in (1, 2, 3)] == ["1 · one", "2 · 40 %", "3 · the rest"]


def test_a_bar_shows_what_has_begun() -> None:
    assert shares({"failed": 1, "running": 1, "waiting": 2}, 4) == (("bad", 0.25), ("accent", 0.25))
    assert shares({}, 0) == ()
