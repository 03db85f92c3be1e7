"""How a rollout is carried out, through the real programs: a service and three agents."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.small_fleet import SmallFleet, small_fleet
from tests.helpers.processes import Refused, eventually

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the scripts are written for sh")

ROLLOUTS, RUNS, PAUSES = "/api/v1/rollouts", "/api/v1/runs", "/api/v1/pauses"
CANARY = "Kanarienvogel-4711-geheim"
SHOWS_PARAMETERS = """
import json, os, sys, time
values = json.load(open(os.environ["DEPLOYFLOW_PARAMETERS"], encoding="utf-8"))
values["list"] = open(os.environ["DF_LIST"], encoding="utf-8").read()
assert values["password"] == "".join(reversed(os.environ["DF_MIRRORED"]))
open(os.environ["DF_GATE"] + ".reached", "w").close()
while not os.path.exists(os.environ["DF_GATE"]):
    time.sleep(0.02)
del values["gate"]
print(json.dumps(values, sort_keys=True), flush=True)
print("Bearer " + values["password"], file=sys.stderr)
"""
TIMED = "date +%s%N >> '{file}.from'; sleep 0.3; date +%s%N >> '{file}.to'\n"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallFleet]:
    with small_fleet(tmp_path_factory.mktemp("fleet"), 3) as running:
        yield running


def _start(fleet: SmallFleet, script: int, *devices: int, **fields: Any) -> dict[str, Any]:
    """A rollout on the devices with these places in the fleet, or on all of them."""
    chosen = [fleet.devices[place] for place in devices] or fleet.devices
    body = {"script_id": script, "targets": {"devices": chosen}} | fields
    made: dict[str, Any] = fleet.api.post(ROLLOUTS, body)
    return made


def _rollout(fleet: SmallFleet, made: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = fleet.api.get(f"{ROLLOUTS}/{made['id']}")
    return found


def _ended(fleet: SmallFleet, made: dict[str, Any]) -> dict[str, Any]:
    """The rollout once all of its runs have ended."""

    def probe() -> dict[str, Any] | None:
        found = _rollout(fleet, made)
        return found if found["ended_at"] else None

    return eventually(probe, f"end of rollout {made['id']}")


def _until_waits(fleet: SmallFleet, run_id: int, reason: str) -> dict[str, Any]:
    def probe() -> dict[str, Any] | None:
        run = fleet.api.run(run_id)
        return run if run["reason"] == reason and run["waiting"] else None

    return eventually(probe, f"run that waits because of {reason}")


def _states(fleet: SmallFleet, made: dict[str, Any]) -> list[str]:
    return [fleet.api.run(run_id)["state"] for run_id in made["run_ids"]]


def test_a_wave_that_fails_halts_the_rest_until_somebody_resumes_it(
    fleet: SmallFleet, tmp_path: Path
) -> None:
    mended, script = (
        tmp_path / "mended",
        f"echo {tmp_path} >> '{tmp_path}/tried'; [ -e '{tmp_path}/mended' ]\n",
    )
    policy = {"waves": {"sizes": ["1"]}, "failure_limit": "0"}
    made = _start(fleet, fleet.api.make_script("first wave fails", script), policy=policy)
    assert made["waves"] == [1, 2]
    fleet.api.ended(made["run_ids"][0])
    halted = _rollout(fleet, made)
    assert (halted["state"], halted["counters"]["failed"]) == ("halted", 1)
    assert halted["waiting"] == "1 of 3 runs ended badly, more than the 0 that are allowed."
    assert "halted" in fleet.api.run(made["run_ids"][1])["waiting"]
    assert len((tmp_path / "tried").read_text().splitlines()) == 1
    mended.touch()
    fleet.api.post(f"{ROLLOUTS}/{made['id']}/resume")
    assert _ended(fleet, made)["state"] == "done"
    assert _states(fleet, made) == ["failed", "succeeded", "succeeded"]
    # Only what failed is asked for again, and it is the same work.
    again = fleet.api.post(f"{ROLLOUTS}/{made['id']}/rerun-failed")
    assert (again["origin_id"], again["targets"]["devices"]) == (made["id"], fleet.devices[:1])
    assert _ended(fleet, again)["counters"]["succeeded"] == 1
    assert len((tmp_path / "tried").read_text().splitlines()) == 4


@pytest.mark.parametrize("limit", [1, 2])
def test_no_more_runs_are_under_way_than_are_allowed(fleet: SmallFleet, tmp_path: Path, limit: int) -> None:
    file = tmp_path / "times"
    script = fleet.api.make_script(f"at most {limit}", TIMED.format(file=file))
    made = _start(fleet, script, policy={"concurrency": limit})
    assert _ended(fleet, made)["counters"]["succeeded"] == 3
    starts, ends = (sorted(map(int, Path(f"{file}.{end}").read_text().split())) for end in ("from", "to"))
    for moment in starts:
        under_way = sum(start <= moment for start in starts) - sum(end < moment for end in ends)
        assert under_way <= limit


def test_work_that_may_be_repeated_is_tried_until_it_succeeds(fleet: SmallFleet, tmp_path: Path) -> None:
    tries = tmp_path / "tries"
    content = f"echo x >> '{tries}'; n=$(wc -l < '{tries}'); echo \"try $n\"; [ $n -ge 3 ]\n"
    script = fleet.api.make_script("third time lucky", content, idempotent=True)
    made = _start(fleet, script, 0, policy={"retries": {"count": 3, "delay_s": 1}})
    (run_id,) = made["run_ids"]
    assert "Attempt 1 of 4 ended with exit code 1" in _until_waits(fleet, run_id, "retry")["waiting"]
    (step,) = fleet.api.ended(run_id)["steps"]
    assert (step["state"], step["attempt"], [one["exit_code"] for one in step["tries"]]) == (
        "succeeded",
        3,
        [1, 1],
    )
    outputs = [fleet.api.get(f"{RUNS}/{run_id}/steps/1/output?attempt={n}") for n in (1, 2, 3)]
    assert [raw.split() for raw in outputs] == [[b"try", b"1"], [b"try", b"2"], [b"try", b"3"]]
    once = fleet.api.make_script("not to be repeated", "false\n")
    with pytest.raises(Refused) as refused:
        _start(fleet, once, 0, policy={"retries": {"count": 1}})
    assert (refused.value.status, refused.value.body["code"]) == (400, "not_idempotent")


def test_a_paused_device_and_a_paused_group_start_nothing(fleet: SmallFleet, tmp_path: Path) -> None:
    group = fleet.api.post("/api/v1/groups", {"name": "paused", "devices": fleet.devices[:1]})["id"]
    pauses = [
        fleet.api.post(PAUSES, {"scope": "group", "group_id": group, "reason": "exam"})["id"],
        fleet.api.post(PAUSES, {"scope": "device", "device_id": fleet.devices[1]})["id"],
    ]
    script = fleet.api.make_script("paused", f"echo x >> '{tmp_path}/effects'\n")
    made = _start(fleet, script)
    assert fleet.api.ended(made["run_ids"][2])["state"] == "succeeded"
    assert _states(fleet, made) == ["waiting", "waiting", "succeeded"]
    sentences = [fleet.api.run(run_id)["waiting"] for run_id in made["run_ids"][:2]]
    assert "a group that" in sentences[0]
    assert sentences[0].endswith(": exam")
    assert sentences[1].endswith(" is paused.")
    assert (tmp_path / "effects").read_text() == "x\n"
    for pause in pauses:
        fleet.api.call("DELETE", f"{PAUSES}/{pause}")
    assert _ended(fleet, made)["counters"]["succeeded"] == 3
    assert (tmp_path / "effects").read_text() == "x\n" * 3


def test_devices_that_are_away_are_waited_for_skipped_or_failed(fleet: SmallFleet) -> None:
    script = fleet.api.make_script("who is there", "echo here\n")
    fleet.agents[2].stop()
    fleet.until_connected(2, connected=False)
    made = {
        offline: _start(fleet, script, 1, 2, policy={"offline": offline})
        for offline in ("queue", "skip", "fail")
    }
    for offline, state in (("skip", "skipped"), ("fail", "failed")):
        assert _ended(fleet, made[offline])["counters"][state] == 1
        run = fleet.api.run(made[offline]["run_ids"][1])
        assert (run["state"], run["reason"], run["source"]) == (state, "offline", "presumed")
    assert "is offline" in fleet.api.run(made["queue"]["run_ids"][1])["waiting"]
    fleet.agents[2].start()
    assert _ended(fleet, made["queue"])["counters"]["succeeded"] == 2


def test_several_tasks_run_in_order_and_an_error_skips_the_rest(fleet: SmallFleet, tmp_path: Path) -> None:
    order = tmp_path / "order"

    def says(name: str, code: int) -> int:
        content = f"echo \"{name} $DF_MARK\" >> '{order}'; echo {name}; exit {code}\n"
        return fleet.api.make_script(name, content)

    bad, good = says("bad", 7), says("good", 0)
    tasks = [
        {"script_id": bad, "parameters": {"MARK": 1}, "continue_on_error": True},
        {"script_id": good, "parameters": {"MARK": 2}},
        {"script_id": bad, "parameters": {"MARK": 3}},
        {"script_id": good, "parameters": {"MARK": 4}},
    ]
    made = fleet.api.post(ROLLOUTS, {"tasks": tasks, "targets": {"devices": fleet.devices[:1]}})
    run = fleet.api.ended(made["run_ids"][0])
    assert [step["state"] for step in run["steps"]] == ["failed", "succeeded", "failed", "skipped"]
    assert run["steps"][3]["reason"] == "earlier_step"
    assert run["state"] == "failed"
    assert order.read_text().splitlines() == ["bad 1", "good 2", "bad 3"]
    assert [fleet.api.get(f"{RUNS}/{run['id']}/steps/{n}/output?stream=stdout") for n in (1, 2, 3, 4)] == [
        b"bad\n",
        b"good\n",
        b"bad\n",
        b"",
    ]
    again = fleet.api.post(f"{RUNS}/{run['id']}/rerun", {"from_step": 2})
    assert [task["parameters"] for task in again["tasks"]] == [{"MARK": mark} for mark in (2, 3, 4)]
    rerun = fleet.api.ended(again["run_ids"][0])
    assert [step["state"] for step in rerun["steps"]] == ["succeeded", "failed", "skipped"]
    assert order.read_text().splitlines()[3:] == ["good 2", "bad 3"]


def test_a_run_goes_on_after_the_announced_restart_and_not_before(fleet: SmallFleet, tmp_path: Path) -> None:
    announces = fleet.api.make_script("announces", "echo updated; exit 194\n")
    follows = fleet.api.make_script("follows", f"echo x >> '{tmp_path}/followed'\n")
    tasks = [{"script_id": announces}, {"script_id": follows}]
    made = fleet.api.post(ROLLOUTS, {"tasks": tasks, "targets": {"devices": fleet.devices[2:]}})
    (run_id,) = made["run_ids"]
    waiting = _until_waits(fleet, run_id, "reboot")
    assert "has to be restarted" in waiting["waiting"]
    assert [step["state"] for step in waiting["steps"]] == ["succeeded", "waiting"]
    # The agent alone has restarted: the machine is still in the boot in which it was updated.
    fleet.agents[2].stop()
    fleet.until_connected(2, connected=False)
    fleet.agents[2].start()
    other = _start(fleet, fleet.api.make_script("meanwhile", "echo meanwhile\n"), 2)
    assert fleet.api.ended(other["run_ids"][0])["state"] == "succeeded"
    assert (fleet.api.run(run_id)["reason"], (tmp_path / "followed").exists()) == ("reboot", False)
    fleet.agents[2].stop()
    fleet.until_connected(2, connected=False)
    fleet.agents[2].program = ("-m", "tests.faults.another_boot", "the next boot", "agent")
    fleet.agents[2].start()
    run = fleet.api.ended(run_id)
    assert [step["state"] for step in run["steps"]] == ["succeeded", "succeeded"]
    assert (tmp_path / "followed").read_text() == "x\n"


def test_parameters_of_every_type_arrive_and_the_secret_is_seen_nowhere(
    fleet: SmallFleet, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    declared = [
        {"name": "who", "type": "text"},
        {"name": "count", "type": "number", "minimum": 1, "maximum": 9},
        {"name": "quiet", "type": "boolean"},
        {"name": "ring", "type": "choice", "choices": ["inner", "outer"], "default": "outer"},
        {"name": "list", "type": "file", "required": True},
        {"name": "password", "type": "secret", "required": True},
        {"name": "mirrored", "type": "text"},
        {"name": "gate", "type": "text"},
    ]
    script = fleet.api.make_script("all types", SHOWS_PARAMETERS, "python", parameters=declared)
    values = {
        "who": "; rm -rf /nowhere 'é\"",
        "count": 4.5,
        "quiet": True,
        "list": {"file_name": "größe.txt", "content": base64.b64encode("äöü".encode()).decode()},
        "password": CANARY,
        "mirrored": CANARY[::-1],
        "gate": str(gate),
    }
    made = _start(fleet, script, 0, parameters=values)
    (run_id,) = made["run_ids"]
    eventually(Path(f"{gate}.reached").exists, "running script")
    _expect_nowhere_in_processes()
    gate.touch()
    assert fleet.api.ended(run_id)["state"] == "succeeded"
    shown = json.loads(fleet.api.output(run_id))
    assert (shown["who"], shown["count"], shown["quiet"]) == (values["who"], 4.5, True)
    assert (shown["ring"], shown["list"]) == ("outer", "äöü")
    assert CANARY.encode() not in fleet.api.output(run_id) + fleet.api.output(run_id, "stderr")
    assert fleet.api.output(run_id, "stderr").startswith(b"Bearer ")
    for path in (
        f"{ROLLOUTS}/{made['id']}",
        f"{RUNS}/{run_id}",
        ROLLOUTS,
        f"{ROLLOUTS}/{made['id']}/outputs",
    ):
        assert CANARY not in json.dumps(fleet.api.get(path)), path
    assert _rollout(fleet, made)["tasks"][0]["secrets"] == ["password"]
    assert _rollout(fleet, made)["tasks"][0]["files"] == {"list": "größe.txt"}
    again = fleet.api.post(f"{RUNS}/{run_id}/rerun", {})
    assert fleet.api.ended(again["run_ids"][0])["state"] == "succeeded"
    _expect_nowhere_in_files(fleet.service.folder.parent)


def _expect_nowhere_in_processes() -> None:
    """Neither in an environment nor in a command line of any process that we may look at."""
    seen = 0
    for process in Path("/proc").glob("[0-9]*"):
        for name in ("environ", "cmdline"):
            try:
                raw = (process / name).read_bytes()
            except OSError:
                continue
            seen += b"DF_MIRRORED=" in raw
            assert CANARY.encode() not in raw, process
    if sys.platform == "linux":
        assert seen


def _expect_nowhere_in_files(folder: Path) -> None:
    """Database and its log, output, logs, journals, what attempts left behind."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert any(path.name.endswith("-wal") for path in files)
    mirrored = 0
    for path in files:
        try:
            raw = path.read_bytes()
        except FileNotFoundError:
            # The agent clears up behind a receipt.
            continue
        mirrored += CANARY[::-1].encode() in raw
        assert CANARY.encode() not in raw, path
    assert mirrored


def test_the_folder_the_exit_codes_and_silence_are_as_the_policy_says(
    fleet: SmallFleet, tmp_path: Path
) -> None:
    folder = tmp_path / "work here"
    folder.mkdir()
    script = fleet.api.make_script("folder", "pwd; exit 3\n")
    policy: dict[str, Any] = {"working_folder": str(folder), "exit_codes": [0, 3]}
    run = fleet.api.ended(_start(fleet, script, 0, policy=policy)["run_ids"][0])
    assert (run["state"], run["steps"][0]["exit_code"]) == ("succeeded", 3)
    assert fleet.api.output(run["id"]) == f"{folder}\n".encode()
    policy = {"working_folder": str(tmp_path / "not there")}
    run = fleet.api.ended(_start(fleet, script, 0, policy=policy)["run_ids"][0])
    assert (run["state"], "not there" in run["steps"][0]["reason"]) == ("failed", True)
    silent = fleet.api.make_script("silent", "echo one; sleep 0.2; echo two; sleep 600\n")
    run = fleet.api.ended(_start(fleet, silent, 0, policy={"idle_timeout_s": 1})["run_ids"][0])
    assert (run["state"], run["reason"], run["steps"][0]["state"]) == ("failed", "idle", "timed_out")
    assert fleet.api.output(run["id"]) == b"one\ntwo\n"
