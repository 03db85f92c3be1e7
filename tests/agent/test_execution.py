"""A real agent with real runners against a service that follows the rules."""

from __future__ import annotations

import pytest

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
