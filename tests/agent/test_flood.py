"""Far more output than is kept: the ends arrive, the middle is counted, and nobody grows or waits."""

from __future__ import annotations

import sys

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.agent.agent_process import AgentProcess
    from tests.agent.fake_service import FakeService

pytestmark = [
    pytest.mark.sockets,
    pytest.mark.skipif(sys.platform == "win32", reason="the service's side of it is not Windows"),
]


def test_a_flood_of_output_costs_no_memory(service: FakeService, agent: AgentProcess) -> None:
    from tests.agent.flood import flood

    agent.start()
    found = flood(service, agent, 300 << 20)
    assert found.agent_growth + found.runner <= 20 << 20, found
    assert 95 << 20 <= found.kept <= 100 << 20
    done = service.dones[-1]
    assert (done.stdout_gap, done.stdout_size, done.stdout_total) == (50 << 20, found.kept, 300 << 20)
