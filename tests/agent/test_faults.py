"""Killed agents, lost answers, vanished services: every effect once, every output whole."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.wire.messages import Permit
    from tests.agent.agent_process import AgentProcess
    from tests.agent.fake_service import FakeService

pytestmark = pytest.mark.sockets


@pytest.fixture
def effects(tmp_path: Path) -> Path:
    """A file that a script adds a line to: its effect on the world."""
    return tmp_path / "effects"


def slow_script(effects: Path) -> str:
    wait = f'until [ -e "{effects}.go" ]; do sleep 0.05; done'
    return f'echo done >> "{effects}"; echo early; {wait}; echo late; echo oops >&2'


def go_on(effects: Path) -> None:
    effects.with_name(effects.name + ".go").touch()


def test_a_script_outlives_its_agent_and_its_result_arrives(
    service: FakeService, agent: AgentProcess, effects: Path
) -> None:
    agent.start()
    attempt = service.offer(1, "sh", slow_script(effects))
    service.wait(lambda: service.output(attempt)[0] == b"early\n", "the first line")
    agent.kill()
    go_on(effects)
    agent.start()
    done = service.wait_for_done(attempt)
    assert (done.outcome, done.exit_code) == ("exited", 0)
    assert service.output(attempt) == (b"early\nlate\n", b"oops\n")
    assert effects.read_text() == "done\n"
    assert len(service.permits) == 1


def test_a_running_script_is_followed_again_live(
    service: FakeService, agent: AgentProcess, effects: Path
) -> None:
    agent.start()
    attempt = service.offer(1, "sh", slow_script(effects))
    service.wait(lambda: service.output(attempt)[0] == b"early\n", "the first line")
    agent.kill()
    agent.start()
    assert [(held.attempt, held.phase) for held in service.hellos[-1].open_attempts] == [
        (attempt, "starting")
    ]
    go_on(effects)
    assert service.wait_for_done(attempt).outcome == "exited"
    assert service.output(attempt) == (b"early\nlate\n", b"oops\n")
    assert effects.read_text() == "done\n"


def test_a_running_script_can_be_cancelled_after_the_agent_came_back(
    service: FakeService, agent: AgentProcess, effects: Path
) -> None:
    agent.start()
    attempt = service.offer(1, "sh", slow_script(effects))
    service.wait(lambda: service.output(attempt)[0] == b"early\n", "the first line")
    agent.kill()
    agent.start()
    service.cancel(attempt)
    assert service.wait_for_done(attempt).outcome == "cancelled"
    assert service.output(attempt)[0] == b"early\n"


@pytest.mark.parametrize("kill_after", ["received", "permit", "first output"])
def test_killed_at_any_moment_the_effect_happens_at_most_once(
    service: FakeService, agent: AgentProcess, effects: Path, kill_after: str
) -> None:
    def answer(permit: Permit) -> str | None:
        if kill_after == "received" and not service.permits:
            return None
        return service.grant_once(permit)

    service.permit_policy = answer
    agent.start()
    go_on(effects)
    attempt = service.offer(1, "sh", slow_script(effects))
    service.wait(lambda: service.permits, "the permit to be asked for")
    if kill_after == "first output":
        service.wait(lambda: service.output(attempt)[0], "output")
    agent.kill()
    agent.start()
    done = service.wait_for_done(attempt)
    assert len({permit.nonce for permit in service.permits}) == 1
    lines = effects.read_text() if effects.exists() else ""
    assert (done.outcome, lines) in [("exited", "done\n"), ("not_started", "")]
    if kill_after == "received":
        assert done.outcome == "exited"


def test_a_lost_answer_to_the_permit_is_asked_for_again_with_the_same_nonce(
    service: FakeService, agent: AgentProcess, effects: Path
) -> None:
    def lose_the_first(permit: Permit) -> str | None:
        answer = service.grant_once(permit)
        if not service.permits:
            service.drop()
            return None
        return answer

    service.permit_policy = lose_the_first
    agent.start()
    go_on(effects)
    attempt = service.offer(1, "sh", slow_script(effects))
    assert service.wait_for_done(attempt).outcome == "exited"
    assert len(service.permits) == 2
    assert len({permit.nonce for permit in service.permits}) == 1
    assert effects.read_text() == "done\n"


def test_a_second_permit_is_no_second_execution(
    service: FakeService, agent: AgentProcess, effects: Path
) -> None:
    """The offer comes again and again, and every question gets a yes."""
    service.permit_policy = lambda permit: "yes"
    service.gives_receipts = False
    agent.start()
    go_on(effects)
    attempt = service.offer(1, "sh", slow_script(effects))
    for lives in range(3):
        service.wait(lambda lives=lives: len(service.dones) > lives, "the outcome")  # type: ignore[misc]
        service.drop()
        agent.kill()
        agent.start()
    service.gives_receipts = True
    service.drop()
    assert service.wait_for_done(attempt).outcome == "exited"
    assert effects.read_text() == "done\n"


def test_without_a_receipt_the_outcome_is_kept_and_told_again(
    service: FakeService, agent: AgentProcess
) -> None:
    service.gives_receipts = False
    agent.start()
    attempt = service.offer(1, "sh", "echo kept")
    service.wait(lambda: service.dones, "the outcome")
    agent.stop()
    assert agent.attempt_folders() == [attempt]
    service.frames.clear()
    agent.start()
    service.wait(lambda: len(service.dones) == 2, "the outcome again")
    assert service.output(attempt)[0] == b"kept\n"
    assert service.dones[0] == service.dones[1]
    service.gives_receipts = True
    service.drop()
    service.wait_for_done(attempt)
    service.wait(lambda: agent.attempt_folders() == [], "the attempt's folder to go")


def test_results_wait_for_a_service_that_is_away(
    service: FakeService, agent: AgentProcess, effects: Path
) -> None:
    agent.start()
    attempt = service.offer(1, "sh", slow_script(effects))
    service.wait(lambda: service.output(attempt)[0] == b"early\n", "the first line")
    service.stop()
    go_on(effects)
    exit_record = agent.folder / "attempts" / attempt / "exit"
    service.wait(exit_record.exists, "the script to end")
    service.start(service.port)
    assert service.wait_for_done(attempt).outcome == "exited"
    assert service.output(attempt) == (b"early\nlate\n", b"oops\n")


def test_output_that_the_service_lost_is_sent_again(service: FakeService, agent: AgentProcess) -> None:
    agent.start()
    service.loses_output = True
    attempt = service.offer(1, "sh", "echo whole")
    service.wait_for_done(attempt)
    assert len(service.dones) == 2
    assert service.output(attempt)[0] == b"whole\n"


def test_a_runner_killed_from_outside_is_an_unknown_outcome(
    service: FakeService, agent: AgentProcess, effects: Path
) -> None:
    agent.start()
    attempt = service.offer(1, "sh", slow_script(effects))
    service.wait(lambda: service.output(attempt)[0] == b"early\n", "the first line")
    [runner] = agent.host_of_runners().children()
    os.kill(runner.pid, signal.SIGKILL)
    done = service.wait_for_done(attempt)
    assert (done.outcome, done.exit_code) == ("unknown", None)
    assert service.output(attempt)[0] == b"early\n"
    go_on(effects)


def test_a_host_of_runners_killed_from_outside_is_replaced(service: FakeService, agent: AgentProcess) -> None:
    agent.start()
    assert service.wait_for_done(service.offer(1, "sh", "true")).outcome == "exited"
    agent.host_of_runners().kill()
    done = service.wait_for_done(service.offer(2, "sh", "echo still there"))
    assert done.outcome in ("exited", "not_started")
    assert service.wait_for_done(service.offer(3, "sh", "echo again")).outcome == "exited"


def test_a_stop_leaves_the_script_alone(service: FakeService, agent: AgentProcess, effects: Path) -> None:
    agent.start()
    attempt = service.offer(1, "sh", slow_script(effects))
    service.wait(lambda: service.output(attempt)[0] == b"early\n", "the first line")
    assert agent.stop() == 0
    go_on(effects)
    agent.start()
    assert service.wait_for_done(attempt).outcome == "exited"
    assert effects.read_text() == "done\n"
