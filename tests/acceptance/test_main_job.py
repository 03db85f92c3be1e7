"""The main job through the real programs: service, agent, script, live output, and bad weather."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

from tests.helpers.processes import AgentProcess, Api, Refused, ServiceProcess, eventually, fleet

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the scripts are written for sh")

Fleet = tuple[ServiceProcess, AgentProcess, Api, int]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with fleet(tmp_path_factory.mktemp("fleet")) as parts:
        yield parts


def _step(run: dict[str, Any]) -> dict[str, Any]:
    step: dict[str, Any] = run["steps"][0]
    return step


def test_both_streams_arrive_exactly_and_apart(running: Fleet) -> None:
    _, _, api, device = running
    script = api.make_script(
        "two streams", "printf 'caf\\303\\251\\000\\377'; printf 'oops\\n' >&2; exit 3\n"
    )
    run = api.ended(api.start(script, device))
    assert (run["state"], run["source"], _step(run)["exit_code"]) == ("failed", "reported", 3)
    assert api.output(run["id"]) == b"caf\xc3\xa9\x00\xff"
    assert api.output(run["id"], "stderr") == b"oops\n"


def test_output_is_there_while_the_script_still_runs(running: Fleet, tmp_path: Path) -> None:
    _, _, api, device = running
    gate = tmp_path / "gate"
    script = api.make_script("live", f"echo first; while [ ! -e '{gate}' ]; do sleep 0.02; done; echo last\n")
    with _live(api) as live:
        run_id = api.start(script, device)
        announced = next(
            frame for frame in live if frame["kind"] == "output" and frame["change"]["stdout"] == 6
        )
        assert announced["change"]["run_id"] == run_id
        assert api.output(run_id) == b"first\n"
        assert api.run(run_id)["state"] == "running"
        gate.touch()
        assert api.ended(run_id)["state"] == "succeeded"
    assert api.output(run_id) == b"first\nlast\n"


def test_arguments_are_a_vector_and_parameters_are_data(running: Fleet) -> None:
    _, _, api, device = running
    script = api.make_script("vector", 'printf \'[%s]\' "$@" "$DF_WHO"\n')
    arguments = ["a b", "", "$(touch /nowhere)", "é'\"\\", "*"]
    run_id = api.start(script, device, arguments=arguments, parameters={"WHO": "; rm -rf /nowhere"})
    assert api.ended(run_id)["state"] == "succeeded"
    assert api.output(run_id).decode() == "".join(f"[{text}]" for text in [*arguments, "; rm -rf /nowhere"])


def test_large_output_is_whole(running: Fleet) -> None:
    _, _, api, device = running
    script = api.make_script("large", "i=0; while [ $i -lt 200000 ]; do echo line-$i; i=$((i+1)); done\n")
    run = api.ended(api.start(script, device), 60)
    expected = b"".join(b"line-%d\n" % number for number in range(200_000))
    assert _step(run)["stdout_size"] == len(expected)
    assert api.output(run["id"]) == expected


def test_cancel_stops_the_whole_tree(running: Fleet, tmp_path: Path) -> None:
    _, _, api, device = running
    alive = tmp_path / "alive"
    script = api.make_script(
        "tree", f"(while :; do date +%s%N > '{alive}'; sleep 0.02; done) & echo started; wait\n"
    )
    run_id = api.start(script, device)
    eventually(lambda: api.output(run_id) == b"started\n", "first output")
    assert api.call("POST", f"/api/v1/runs/{run_id}/cancel")["state"] == "cancelling"
    run = api.ended(run_id)
    assert (run["state"], run["source"]) == ("cancelled", "reported")
    assert api.output(run_id) == b"started\n"
    last = alive.read_text()
    api.ended(api.start(api.make_script("after", "sleep 0.1\n"), device))
    assert alive.read_text() == last


def test_a_timeout_ends_the_script_and_says_so(running: Fleet) -> None:
    _, _, api, device = running
    script = api.make_script("slow", "echo begun; sleep 600\n")
    run = api.ended(api.start(script, device, policy={"timeout_s": 1}))
    assert (run["state"], _step(run)["state"], run["reason"]) == ("failed", "timed_out", "timeout")
    assert api.output(run["id"]) == b"begun\n"


def test_runs_of_one_device_go_one_after_the_other(running: Fleet, tmp_path: Path) -> None:
    _, _, api, device = running
    gate = tmp_path / "gate"
    first = api.start(api.make_script("holds", f"while [ ! -e '{gate}' ]; do sleep 0.02; done\n"), device)
    second = api.start(api.make_script("waits", "echo ok\n"), device)
    eventually(lambda: api.run(first)["state"] == "running", "running first")
    waiting = api.run(second)
    assert waiting["state"] == "queued"
    assert "Another run is under way" in waiting["waiting"]
    assert waiting["until"]
    gate.touch()
    assert api.ended(second)["state"] == "succeeded"
    assert api.run(first)["ended_at"] <= api.run(second)["started_at"]


def test_the_same_key_gives_the_same_rollout(running: Fleet) -> None:
    _, _, api, device = running
    script = api.make_script("once", "echo once\n")
    body = {"script_id": script, "targets": {"devices": [device]}}
    answers = [api.post("/api/v1/rollouts", body, **{"Idempotency-Key": "press-1"}) for _ in range(2)]
    assert answers[0]["id"] == answers[1]["id"]
    assert answers[0]["run_ids"] == answers[1]["run_ids"]
    assert api.ended(answers[0]["run_ids"][0])["state"] == "succeeded"


def test_a_script_for_another_system_is_refused_with_both_named(running: Fleet) -> None:
    _, _, api, device = running
    script = api.make_script("for windows", "Get-Process\n", "powershell", target_os_type="windows")
    with pytest.raises(Refused) as refused:
        api.start(script, device)
    assert refused.value.status == 400
    assert "script windows, device linux" in refused.value.body["detail"]


def test_an_unknown_device_is_refused_and_nothing_starts(running: Fleet) -> None:
    _, _, api, device = running
    script = api.make_script("nowhere", "echo no\n")
    body = {"script_id": script, "targets": {"devices": [device, 4711]}}
    with pytest.raises(Refused) as refused:
        api.post("/api/v1/rollouts", body)
    assert refused.value.status == 404
    assert "4711" in refused.value.body["detail"]
    runs = api.get(f"/api/v1/runs?device_id={device}")["items"]
    assert not [run for run in runs if run["title"] == "nowhere"]


def test_the_documented_action_runs_and_reports(running: Fleet) -> None:
    _, _, api, device = running
    made = api.post(
        f"/api/v1/devices/{device}/actions", {"type": "bash", "payload": "echo out; echo err >&2"}
    )
    assert made["status"] == "pending"

    def finished() -> dict[str, Any] | None:
        actions = api.get(f"/api/v1/devices/{device}/actions")
        return next((a for a in actions if a["id"] == made["id"] and a["status"] == "succeeded"), None)

    action = eventually(finished, "finished action")
    assert action["logs"] == "=== STDOUT ===\nout\n\n=== STDERR ===\nerr\n"
    assert (action["exit_code"], action["payload"]) == (0, "echo out; echo err >&2")


def test_an_agent_killed_while_a_script_runs_still_brings_its_result(running: Fleet, tmp_path: Path) -> None:
    _, agent, api, device = running
    effect, gate = tmp_path / "effect", tmp_path / "gate"
    script = api.make_script(
        "survives",
        f"echo before; echo x >> '{effect}'; while [ ! -e '{gate}' ]; do sleep 0.02; done; echo after\n",
    )
    run_id = api.start(script, device)
    eventually(lambda: api.output(run_id) == b"before\n", "first output")
    agent.kill()
    eventually(lambda: "No contact" in api.run(run_id)["waiting"], "word of the lost contact")
    gate.touch()
    agent.start()
    run = api.ended(run_id)
    assert (run["state"], run["source"]) == ("succeeded", "reported")
    assert api.output(run_id) == b"before\nafter\n"
    assert effect.read_text() == "x\n"


def test_a_service_killed_while_a_script_runs_loses_nothing(running: Fleet, tmp_path: Path) -> None:
    service, _, api, device = running
    effect, gate = tmp_path / "effect", tmp_path / "gate"
    script = api.make_script(
        "outlives",
        f"echo before; echo x >> '{effect}'; while [ ! -e '{gate}' ]; do sleep 0.02; done; echo after\n",
    )
    run_id = api.start(script, device)
    eventually(lambda: api.output(run_id) == b"before\n", "first output")
    agent_url = service.ready["agent_url"]
    service.kill()
    gate.touch()
    service.start()
    assert service.ready["agent_url"] == agent_url
    # The session of before still counts: it is in the database.
    api.url = service.ready["admin_url"]
    run = api.ended(run_id)
    assert (run["state"], run["source"]) == ("succeeded", "reported")
    assert api.output(run_id) == b"before\nafter\n"
    assert effect.read_text() == "x\n"


def test_a_run_waits_for_a_device_that_is_away(running: Fleet) -> None:
    _, agent, api, device = running
    agent.stop()
    eventually(lambda: not api.get(f"/api/v1/devices/{device}")["connected"], "disconnected device")
    run_id = api.start(api.make_script("patient", "echo here\n"), device)
    waiting = api.run(run_id)
    assert waiting["state"] == "queued"
    assert "is offline" in waiting["waiting"]
    agent.start()
    assert api.ended(run_id)["state"] == "succeeded"


def test_a_run_cancelled_before_its_device_comes_back_never_starts(running: Fleet, tmp_path: Path) -> None:
    _, agent, api, device = running
    effect = tmp_path / "effect"
    agent.stop()
    eventually(lambda: not api.get(f"/api/v1/devices/{device}")["connected"], "disconnected device")
    run_id = api.start(api.make_script("never", f"echo x > '{effect}'\n"), device)
    assert api.call("POST", f"/api/v1/runs/{run_id}/cancel")["state"] == "cancelled"
    agent.start()
    eventually(lambda: api.get(f"/api/v1/devices/{device}")["connected"], "connected device")
    assert api.ended(api.start(api.make_script("then", "echo ok\n"), device))["state"] == "succeeded"
    assert not effect.exists()
    assert api.run(run_id)["state"] == "cancelled"


@contextlib.contextmanager
def _live(api: Api) -> Iterator[Iterator[dict[str, Any]]]:
    """The live stream's changes, one after the other."""
    url = api.url.replace("http", "ws") + "/api/v1/live"
    with connect(url, compression=None, proxy=None, max_size=None) as socket:
        socket.send(json.dumps({"access_token": api.token}))
        assert "snapshot" in json.loads(socket.recv(timeout=10))
        yield (json.loads(frame) for frame in iter(lambda: socket.recv(timeout=30), ""))
