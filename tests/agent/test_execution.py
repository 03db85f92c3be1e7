"""A real agent with real runners against a service that follows the rules."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from pathlib import Path

import pytest

from agent.wire.codec import to_plain
from agent.wire.messages import Download
from agent.wire.software import SoftwareDetection, SoftwareJob

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.agent.agent_process import AgentProcess
    from tests.agent.fake_service import FakeService

pytestmark = pytest.mark.sockets


@pytest.fixture
def running(agent: AgentProcess) -> AgentProcess:
    agent.start()
    return agent


def test_output_is_byte_for_byte_what_the_script_wrote(service: FakeService, running: AgentProcess) -> None:
    script = r"printf 'one\n\0\377\n'; printf 'oops' >&2; printf 'no newline'; exit 7"
    attempt = service.offer(1, "sh", script)
    done = service.wait_for_done(attempt)
    assert service.output(attempt) == (b"one\n\0\xff\nno newline", b"oops")
    assert (done.outcome, done.exit_code, done.stdout_size, done.stdout_total) == ("exited", 7, 17, 17)


def test_output_arrives_while_the_script_runs(
    service: FakeService, running: AgentProcess, tmp_path: Path
) -> None:
    script = f'echo early; until [ -e "{tmp_path / "go on"}" ]; do sleep 0.05; done; echo late'
    attempt = service.offer(1, "sh", script)
    service.wait(lambda: service.output(attempt)[0] == b"early\n", "the first line")
    assert service.dones == []
    (tmp_path / "go on").touch()
    assert service.wait_for_done(attempt).outcome == "exited"
    assert service.output(attempt)[0] == b"early\nlate\n"


SCRIPTS = {
    "sh": 'printf "%s|" "$@" "$DF_NAME"; cat "$DEPLOYFLOW_PARAMETERS"',
    "bash": 'list=("$@" "$DF_NAME"); printf "%s|" "${list[@]}"; cat "$DEPLOYFLOW_PARAMETERS"',
    "python": """
import os, sys
sys.stdout.write("|".join([*sys.argv[1:], os.environ["DF_NAME"], ""]))
sys.stdout.write(open(os.environ["DEPLOYFLOW_PARAMETERS"], encoding="utf-8").read())
""",
}


@pytest.mark.parametrize("language", SCRIPTS)
def test_arguments_and_parameters_reach_the_script(
    service: FakeService, running: AgentProcess, language: str
) -> None:
    if not shutil.which({"python": "python3"}.get(language, language)):
        pytest.skip(f"no {language} on this machine")
    parameters: dict[str, str | int | float | bool] = {
        "name": 'Zoë "$(id)"',
        "count": 3,
        "ratio": 0.5,
        "on": True,
    }
    attempt = service.offer(
        1, language, SCRIPTS[language], arguments=("a b", "", "$HOME", "-n"), parameters=parameters
    )
    done = service.wait_for_done(attempt)
    stdout, stderr = (stream.decode() for stream in service.output(attempt))
    assert (done.exit_code, stderr) == (0, "")
    *words, file = stdout.split("|")
    assert words == ["a b", "", "$HOME", "-n", 'Zoë "$(id)"']
    assert json.loads(file) == parameters


def test_line_ends_and_byte_order_marks_of_an_editor_do_no_harm(
    service: FakeService, running: AgentProcess
) -> None:
    attempt = service.offer(1, "sh", "\ufeffecho one\r\nif true; then\r\n  echo two\r\nfi\r\n")
    assert service.wait_for_done(attempt).exit_code == 0
    assert service.output(attempt) == (b"one\ntwo\n", b"")


def test_a_long_script_is_handed_over_whole(service: FakeService, running: AgentProcess) -> None:
    filler = "# " + "x" * 200 + "\n"
    attempt = service.offer(1, "sh", filler * 3500 + "echo the end\n")
    assert service.wait_for_done(attempt).exit_code == 0
    assert service.output(attempt)[0] == b"the end\n"


def test_two_megabytes_of_output_arrive_whole(service: FakeService, running: AgentProcess) -> None:
    attempt = service.offer(
        1, "sh", "i=0; while [ $i -lt 40000 ]; do echo 'line of forty-nine bytes' $i; i=$((i+1)); done"
    )
    done = service.wait_for_done(attempt)
    expected = b"".join(b"line of forty-nine bytes %d\n" % number for number in range(40000))
    assert service.output(attempt)[0] == expected
    assert done.stdout_size == len(expected)


def test_offers_at_once_are_done_one_after_the_other(
    service: FakeService, running: AgentProcess, tmp_path: Path
) -> None:
    script = f'mkdir "{tmp_path / "busy"}" || exit 9; sleep 0.05; rmdir "{tmp_path / "busy"}"'
    attempts = [service.offer(number, "sh", script) for number in range(1, 6)]
    assert [service.wait_for_done(attempt).exit_code for attempt in attempts] == [0] * 5
    assert [permit.attempt for permit in service.permits] == attempts


def test_parallel_offers_run_beside_the_others(
    service: FakeService, running: AgentProcess, tmp_path: Path
) -> None:
    """Each waits for the other to begin: one after the other they would never end."""
    script = 'touch "{0}/{1}"; until [ -e "{0}/{2}" ]; do sleep 0.05; done; echo {1}'
    alone = service.offer(1, "sh", script.format(tmp_path, "one", "two"))
    beside = service.offer(2, "sh", script.format(tmp_path, "two", "three"), parallel=True)
    another = service.offer(3, "sh", script.format(tmp_path, "three", "one"), parallel=True)
    for attempt, word in ((alone, b"one\n"), (beside, b"two\n"), (another, b"three\n")):
        assert service.wait_for_done(attempt).exit_code == 0
        assert service.output(attempt) == (word, b"")


def test_a_service_that_only_knows_version_1_is_served(service: FakeService, agent: AgentProcess) -> None:
    service.wire_versions = (1,)
    (agent.folder).mkdir(mode=0o700)
    (agent.folder / "settings.json").write_text('{"least_free_mb": 1000000000}')
    agent.start()
    attempt = service.offer(1, "sh", "echo hi")
    service.wait(lambda: f"{attempt} waits: Only" in agent.log, "the agent to hold it")
    agent.stop()
    (agent.folder / "settings.json").unlink()
    agent.start()
    assert service.wait_for_done(attempt).exit_code == 0
    assert service.output(attempt)[0] == b"hi\n"
    assert service.holdings == []


def test_cancel_of_a_running_script(service: FakeService, running: AgentProcess) -> None:
    attempt = service.offer(1, "sh", "echo begun; sleep 600 & sleep 600")
    service.wait(lambda: service.output(attempt)[0], "the script to begin")
    service.cancel(attempt)
    done = service.wait_for_done(attempt)
    assert (done.outcome, done.exit_code) == ("cancelled", None)
    assert service.output(attempt)[0] == b"begun\n"


def test_timeout_of_a_running_script(service: FakeService, running: AgentProcess) -> None:
    attempt = service.offer(1, "sh", "echo begun; sleep 600", timeout_s=1)
    done = service.wait_for_done(attempt)
    assert (done.outcome, done.detail) == ("timed_out", "Stopped after its time of 1 s.")
    assert service.output(attempt)[0] == b"begun\n"


def test_an_inventory_tells_the_facts_anew(service: FakeService, running: AgentProcess) -> None:
    assert len(service.facts) == 1
    attempt = service.offer(1, "inventory", "")
    assert service.wait_for_done(attempt).exit_code == 0
    service.wait(lambda: len(service.facts) == 2, "the facts")
    told = json.loads(service.output(attempt)[0])
    assert told["hostname"] == service.facts[0].facts.hostname
    assert told["os_type"] == {"darwin": "macos"}.get(sys.platform, sys.platform)


def test_nothing_of_a_finished_attempt_stays_behind(service: FakeService, running: AgentProcess) -> None:
    attempt = service.offer(1, "sh", "echo secret words")
    service.wait_for_done(attempt)
    service.wait(lambda: running.attempt_folders() == [], "the attempt's folder to go")
    journal = (running.folder / "journal" / "records").read_text()
    assert '"is":"closed"' in journal
    assert "secret words" not in running.log


def test_a_script_is_not_handed_the_means_of_the_agent(service: FakeService, running: AgentProcess) -> None:
    attempt = service.offer(1, "sh", "ls -l /proc/self/fd | wc -l; env | grep -c NOTIFY_SOCKET")
    service.wait_for_done(attempt)
    assert service.output(attempt)[0].split() == [b"5", b"0"]


def test_a_software_step_outlives_its_agent_and_its_result_is_true(
    service: FakeService, running: AgentProcess, tmp_path: Path
) -> None:
    go_on, effects = tmp_path / "go on", tmp_path / "effects"
    waits = f'echo begun; until [ -e "{go_on}" ]; do sleep 0.05; done'
    command = f'{waits}; echo done >> "{effects}"; cat "$DEPLOYFLOW_FILE"'
    service.files["/files/1"] = content = b"from the service\n"
    job = SoftwareJob(
        "install",
        "Tool",
        "1",
        "custom",
        source_type="upload",
        command=command,
        detection=SoftwareDetection("file", str(effects)),
    )
    download = Download("/files/1", hashlib.sha256(content).hexdigest(), len(content), "tool.bin")
    attempt = service.offer(1, "install_software", json.dumps(to_plain(job)), downloads=(download,))
    service.wait(lambda: b"begun" in service.output(attempt)[0], "the installer to begin")
    running.kill()
    running.start()
    go_on.touch()
    done = service.wait_for_done(attempt)
    assert (done.outcome, done.exit_code) == ("exited", 0)
    assert service.output(attempt)[0].splitlines()[-3:] == [
        b"from the service",
        b"Install: it ended with exit code 0.",
        b"Verify: Tool is installed.",
    ]
    assert effects.read_text() == "done\n"
    assert len(service.permits) == 1


def test_an_installer_is_cancelled_with_its_whole_tree(service: FakeService, running: AgentProcess) -> None:
    job = SoftwareJob("install", "Tool", "1", "custom", command="sleep 600 & echo $!; sleep 600")
    attempt = service.offer(1, "install_software", json.dumps(to_plain(job)))
    service.wait(lambda: len(service.output(attempt)[0].splitlines()) == 3, "the installer to begin")
    service.cancel(attempt)
    assert service.wait_for_done(attempt).outcome == "cancelled"
    child = int(service.output(attempt)[0].splitlines()[2])
    assert not Path(f"/proc/{child}").exists()
