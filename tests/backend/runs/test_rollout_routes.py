"""Rollouts over HTTP: what is taken, what is refused in which words, and what people decide."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backend_lite.contract.fleet import DEVICES
from backend_lite.contract.runs import ROLLOUTS, RUNS
from tests.backend.runs.site import Site

pytestmark = pytest.mark.anyio

POLICIES: dict[str, dict[str, Any]] = {
    "times": {"timeout_s": 5, "idle_timeout_s": 2, "expires_after_s": 60},
    "start": {"not_before": "2999-01-31T09:05:00Z"},
    "window": {"window": {"start": "22:00", "end": "05:00", "days": ["mon"], "time_zone": "Asia/Tokyo"}},
    "offline": {"offline": "skip"},
    "concurrency": {"concurrency": 7},
    "waves": {"waves": {"sizes": ["1", "10%"], "healthy_for_s": 60, "by_hand": True}},
    "limit": {"failure_limit": "10%"},
    "retries": {"retries": {"count": 2, "delay_s": 5}, "idempotent": True},
    "parallel": {"parallel": True, "run_as": "user", "working_folder": "/srv"},
    "windows folder": {"working_folder": "C:\\Work"},
    "codes": {"exit_codes": [0, 3, -1, 4294967295]},
    "reboot": {"reboot": "now", "max_reboots": 1, "reboot_within_s": 60},
}  # fmt: skip

ALONE: dict[str, Any] = {"script_id": 1, "targets": {"devices": [1]}}
CMD = {"script_id": 2, "targets": {"devices": [1]}}
HUGE = 10**30

REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({}, 400, "Give exactly one of script_id, revision_id, software_id and profile_id."),
    ({"script_id": 1}, 400, "Choose at least one device"),
    ({**ALONE, "revision_id": 1}, 400, "Give exactly one of"),
    ({**ALONE, "task_parameters": {"1": {}}}, 400, "task_parameters are for the tasks of a profile"),
    ({**ALONE, "profile_id": 1}, 400, "Give exactly one of"),
    ({**ALONE, "script_id": None, "profile_id": 1}, 404, "Profile not found"),
    ({**ALONE, "script_id": None, "software_id": 1}, 404, "Software not found"),
    ({**ALONE, "tasks": [{"script_id": 1}]}, 400, "Give either tasks, or one script"),
    ({**ALONE, "script_id": None, "tasks": [{}]}, 400, "Give exactly one of"),
    ({**ALONE, "script_id": None, "tasks": [{"script_id": 1}] * 101}, 400, "at most 100 tasks"),
    ({**ALONE, "script_id": 4711}, 404, "Script not found"),
    ({**ALONE, "script_id": HUGE}, 404, "Script not found"),
    ({**ALONE, "script_id": None, "revision_id": HUGE}, 404, "not found"),
    ({**ALONE, "targets": {"devices": [1, 4711]}}, 404, "Device not found: 4711. Nothing was started."),
    ({**ALONE, "targets": {"devices": [HUGE]}}, 404, "Device not found"),
    ({**ALONE, "targets": {"devices": [-1]}}, 404, "Device not found"),
    ({**ALONE, "targets": {"groups": [4711]}}, 404, "There is no group 4711."),
    ({**ALONE, "targets": {"groups": [HUGE]}}, 404, "There is no group"),
    ({**ALONE, "targets": {"query": "stauts:online"}}, 400, "Did you mean status?"),
    ({**ALONE, "targets": {"query": "name:nobody"}}, 400, "nothing would run"),
    ({**ALONE, "arguments": ["x"] * 201}, 400, "At most 200 arguments"),
    ({**ALONE, "arguments": ["a\0b"]}, 400, "NUL"),
    ({**CMD, "arguments": ["x"]}, 400, "Use parameters"),
    ({**ALONE, "parameters": {"1st": "x"}}, 400, "cannot be the name of a parameter"),
    ({**ALONE, "parameters": {"A": "x", "a": "y"}}, 400, "same variable on Windows"),
    ({**ALONE, "parameters": {"A": "x" * 40_000}}, 400, "Give it as a file"),
    ({**ALONE, "parameters": {"A": HUGE}}, 400, "too large"),
    ({**ALONE, "targets": []}, 422, "object"),
    ({**ALONE, "targets": {"devices": ["one"]}}, 422, "int"),
    ({**ALONE, "script_id": "one"}, 422, "int"),
    ({**ALONE, "title": 5}, 422, "str"),
    ({**ALONE, "arguments": "x"}, 422, "array"),
    ({**ALONE, "arguments": [None]}, 422, "str"),
    ({**ALONE, "parameters": {"A": [1]}}, 422, "array"),
    ({**ALONE, "policy": None}, 422, "object"),
]
REFUSED_POLICIES: list[tuple[dict[str, Any], int, str]] = [
    ({"timeout_s": 0}, 400, "between 1 and"),
    ({"timeout_s": HUGE}, 400, "between 1 and"),
    ({"idle_timeout_s": 0}, 400, "idle_timeout_s must be between"),
    ({"expires_after_s": 0}, 400, "at least 1 second and at most a year"),
    ({"expires_after_s": HUGE}, 400, "at least 1 second and at most a year"),
    ({"not_before": "tomorrow"}, 400, "not a time like"),
    ({"not_before": "9999-12-31T23:59:59Z"}, 400, "too far ahead"),
    ({"window": {"start": "25:00", "end": "05:00"}}, 400, "write HH:MM"),
    ({"window": {"start": "22:00", "end": "5"}}, 400, "write HH:MM"),
    ({"window": {"start": "22:00", "end": "05:00", "days": ["monday"]}}, 400, "use mon, tue"),
    ({"window": {"start": "22:00", "end": "05:00", "time_zone": "Mars/Base"}}, 400, "no time zone"),
    ({"window": {"start": "22:00"}}, 422, "end"),
    ({"offline": "wait"}, 422, "enum"),
    ({"concurrency": 0}, 400, "at least 1 run"),
    ({"concurrency": "three"}, 422, "int"),
    ({"waves": {"sizes": ["some"]}}, 400, "give a number such as 5, or a share"),
    ({"waves": {"sizes": ["0"]}}, 400, "at least one run"),
    ({"waves": {"sizes": ["101%"]}}, 400, "give a number such as 5, or a share"),
    ({"waves": {"sizes": ["1"] * 101}}, 400, "at most 100 waves"),
    ({"waves": {"sizes": [5]}}, 422, "str"),
    ({"waves": {"sizes": ["1"], "healthy_for_s": -1}}, 400, "healthy_for_s must be"),
    ({"failure_limit": "many"}, 400, "give a number such as 5, or a share"),
    ({"retries": {"count": 1}}, 400, "may be repeated"),
    ({"retries": {"count": 11}, "idempotent": True}, 400, "At most 10 retries"),
    ({"retries": {"count": 1, "delay_s": 0}, "idempotent": True}, 400, "at least 1 second"),
    ({"run_as": "root"}, 422, "enum"),
    ({"working_folder": "relative"}, 400, "absolute path"),
    ({"exit_codes": []}, 400, "accepted exit codes"),
    ({"exit_codes": ["any"]}, 422, "int"),
    ({"reboot": "later"}, 422, "enum"),
    ({"max_reboots": 11}, 400, "max_reboots must be"),
    ({"reboot_within_s": 0}, 400, "reboot_within_s must be"),
]


async def _prepare(site: Site) -> None:
    """Script 1 for sh, script 2 for cmd, one device."""
    await site.script()
    await site.script("batch", language="cmd")
    await site.away()


async def test_a_policy_of_every_kind_is_kept_as_it_was_given(site: Site) -> None:
    await _prepare(site)
    for name, policy in POLICIES.items():
        preview = await site.post(f"{ROLLOUTS}/preview", {**ALONE, "policy": policy})
        assert preview["errors"] == [], name
        made = await site.post(ROLLOUTS, {**ALONE, "policy": policy})
        told = await site.get(f"{ROLLOUTS}/{made['id']}")
        for field, value in policy.items():
            assert told["policy"][field] == value, name
        assert made["run_ids"]
        assert (told["until"] is None) == (told["ended_at"] is not None), name


@pytest.mark.parametrize("of_policies", [False, True])
async def test_what_cannot_be_is_refused_in_a_sentence_and_starts_nothing(
    site: Site, of_policies: bool
) -> None:
    await _prepare(site)
    bodies = [({**ALONE, "policy": policy}, status, words) for policy, status, words in REFUSED_POLICIES]
    for body, status, words in bodies if of_policies else REFUSED:
        found, sentence = await site.refusal(ROLLOUTS, body)
        assert (found, words in sentence) == (status, True), (body, found, sentence)
        if status != 422:
            assert sentence.endswith((".", "not found", ")")), sentence
            preview = await site.post(f"{ROLLOUTS}/preview", body)
            assert any(words in error for error in preview["errors"]), (body, preview["errors"])
    assert (await site.get(ROLLOUTS))["items"] == []


async def test_a_body_that_is_none_is_refused(site: Site) -> None:
    for raw in (b"", b"{", b"[]", b"\xff\xfe", b'{"script_id": 1e400}', b"null"):
        answer = await site.service.client.post(ROLLOUTS, headers=site.fleet.owner, content=raw)
        assert answer.status_code == 422, (raw, answer.text)
    too_much = b'{"title": "' + b"x" * (3 << 20) + b'"}'
    answer = await site.service.client.post(ROLLOUTS, headers=site.fleet.owner, content=too_much)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_strange_texts_are_kept_or_refused_but_break_nothing(site: Site) -> None:
    await _prepare(site)
    for text in ("\0", "\ud800", "x" * 100_000, "  ", "\u202e\U0001f600"):
        for body in (
            {"title": text},
            {"arguments": [text]},
            {"parameters": {"A": text}},
            {"parameters": {text: "x"}},
            {"targets": {"query": text}},
            {"policy": {"working_folder": text}},
            {"policy": {"failure_limit": text}},
            {"policy": {"not_before": text}},
        ):
            answer = await site.service.client.post(
                ROLLOUTS, headers=site.fleet.owner, content=json.dumps({**ALONE, **body})
            )
            assert answer.status_code in (201, 400, 422), (body, answer.text)
            answer = await site.service.client.post(
                ROLLOUTS, headers={**site.fleet.owner, "Idempotency-Key": "x" * 201}, json=ALONE
            )
            assert answer.status_code == 400
    await site.get(ROLLOUTS)


async def test_several_tasks_are_told_one_by_one(site: Site) -> None:
    await _prepare(site)
    tasks = [
        {"script_id": 1, "arguments": ["a"], "continue_on_error": True},
        {"revision_id": 1, "parameters": {"N": 5}, "timeout_s": 9},
    ]
    made = await site.post(ROLLOUTS, {"tasks": tasks, "targets": {"devices": [1]}, "title": " Two "})
    assert (made["title"], made["script_id"], made["revision"]) == ("Two", None, None)
    told = [
        (one["n"], one["arguments"], one["parameters"], one["continue_on_error"]) for one in made["tasks"]
    ]
    assert told == [(1, ["a"], {}, True), (2, [], {"N": 5}, False)]
    assert made["tasks"][1]["timeout_s"] == 9
    (run,) = (await site.get(RUNS, rollout_id=made["id"]))["items"]
    assert [(step["n"], step["state"]) for step in run["steps"]] == [(1, "queued"), (2, "waiting")]


async def test_people_halt_resume_cancel_and_run_again(site: Site) -> None:
    await _prepare(site)
    made = await site.post(ROLLOUTS, ALONE)
    one, (run_id,) = f"{ROLLOUTS}/{made['id']}", made["run_ids"]
    status, sentence = await site.refusal(f"{one}/resume")
    assert (status, sentence) == (409, "The rollout is under way, and has no further wave.")
    halted = await site.post(f"{one}/halt")
    assert (halted["state"], halted["waiting"]) == ("halted", "Halted by ada.")
    assert (await site.post(f"{one}/halt"))["state"] == "halted"
    assert "halted" in (await site.run(run_id))["waiting"]
    assert (await site.post(f"{one}/resume"))["state"] == "running"
    status, sentence = await site.refusal(f"{RUNS}/{run_id}/rerun", {})
    assert (status, sentence) == (409, "The run has not ended. Cancel it first, or wait for its end.")
    cancelled = await site.post(f"{one}/cancel")
    assert (cancelled["state"], cancelled["counters"]["cancelled"]) == ("cancelled", 1)
    for action in ("halt", "resume"):
        assert await site.refusal(f"{one}/{action}") == (409, "The rollout has ended.")
    assert (await site.post(f"{one}/cancel"))["state"] == "cancelled"
    assert (await site.refusal(f"{one}/rerun-failed"))[0] == 409
    for wrong in (0, 2, -1, HUGE):
        status, sentence = await site.refusal(f"{RUNS}/{run_id}/rerun", {"from_step": wrong})
        assert (status, "between 1 and 1" in sentence) == (400, True)
    again = await site.post(f"{RUNS}/{run_id}/rerun", {})
    assert (again["origin_id"], again["counters"]["queued"]) == (made["id"], 1)


async def test_what_failed_is_run_again_and_nothing_else(site: Site) -> None:
    script = await site.script()
    good, bad = await site.worker("web-1"), await site.worker("web-2")
    made = await site.roll_out(script, good.device_id, bad.device_id)
    await good.carries_out(0)
    await bad.carries_out(1)
    assert (await site.get(f"{ROLLOUTS}/{made['id']}"))["state"] == "done"
    key = {"Idempotency-Key": "again"}
    again = await site.post(f"{ROLLOUTS}/{made['id']}/rerun-failed", None, **key)
    assert (again["origin_id"], again["targets"]["devices"]) == (made["id"], [bad.device_id])
    assert (await site.post(f"{ROLLOUTS}/{made['id']}/rerun-failed", None, **key))["id"] == again["id"]
    await bad.carries_out(0)
    assert (await site.get(f"{ROLLOUTS}/{again['id']}"))["counters"]["succeeded"] == 1
    assert good.socket.nothing_waits()


async def test_the_same_key_is_the_same_rollout(site: Site) -> None:
    await _prepare(site)
    first = await site.post(ROLLOUTS, ALONE, **{"Idempotency-Key": "once"})
    # The key decides, so that a lost answer can be asked for again.
    second = await site.post(ROLLOUTS, {**ALONE, "title": "other"}, **{"Idempotency-Key": "once"})
    assert (second["id"], second["title"]) == (first["id"], first["title"])
    assert len((await site.get(ROLLOUTS))["items"]) == 1


async def test_lists_take_queries_and_point_at_mistakes(site: Site) -> None:
    await _prepare(site)
    made = await site.post(ROLLOUTS, {**ALONE, "title": "Tuesday"})
    for path, query in (
        (ROLLOUTS, "title:tues state:running created<5m by:ada"),
        (RUNS, "script:tuesday device:web state:queued -reason:offline"),
        (RUNS, f"rollout:{made['id']}"),
    ):
        found = await site.get(path, q=query)
        assert [one["title"] for one in found["items"]] == ["Tuesday"], query
        assert (await site.get(path, q=f"-({query})"))["items"] == [], query
    assert [one["hostname"] for one in await site.get(DEVICES, q="os:linux status:unknown")] == ["web-1"]
    assert await site.get(DEVICES, q="os:windows") == []
    for path in (ROLLOUTS, RUNS, DEVICES):
        for wrong in ("colour:red", "(state:x", '"open', "id<x", "x" * 4001, "a " * 201, "(" * 60, "\0"):
            answer = await site.service.client.get(path, headers=site.fleet.owner, params={"q": wrong})
            assert (answer.status_code, answer.json()["code"]) == (400, "bad_query"), (path, wrong)
