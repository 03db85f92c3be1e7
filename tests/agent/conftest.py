"""Parts for tests of the agent."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.agent.agent_process import AgentProcess
    from tests.agent.certificates import Signed
    from tests.agent.fake_service import FakeService

# Windows has the agent's own libraries only: no uvicorn and no cryptography to be a service with.


@pytest.fixture(autouse=True)
def no_mistakes(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """The agent outlives its own mistakes and only logs them: a test that wants one says `caplog.clear()`."""
    yield
    assert [record.getMessage() for record in caplog.get_records("call") if record.exc_info] == []


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """A command of the agent that runs in this process begins to log into its own file."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for handler in set(root.handlers) - set(handlers):
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)


@pytest.fixture(scope="session")
def ca() -> Signed:
    pytest.importorskip("cryptography")
    from tests.agent.certificates import make_ca

    return make_ca()


@pytest.fixture(scope="session")
def leaf(ca: Signed) -> Signed:
    from tests.agent.certificates import make_leaf

    return make_leaf(ca)


@pytest.fixture
def service(tmp_path: Path, ca: Signed, leaf: Signed) -> Iterator[FakeService]:
    pytest.importorskip("uvicorn")
    from tests.agent.fake_service import FakeService

    service = FakeService(tmp_path, ca, leaf)
    service.start()
    yield service
    service.stop()


@pytest.fixture
def agent(service: FakeService, tmp_path: Path) -> Iterator[AgentProcess]:
    from tests.agent.agent_process import AgentProcess

    agent = AgentProcess(service, tmp_path / "device")
    yield agent
    agent.stop()
