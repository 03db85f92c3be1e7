"""How a device and a service that never met come to know each other, and what must not get in between."""

from __future__ import annotations

import datetime
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.backoff import Backoff
from agent.enroll import Invitation, enroll
from agent.enrollment import Enrollment, load_enrollment
from agent.errors import AgentError
from agent.identity import Identity, load_identity, make_identity
from agent.wire.fingerprint import fingerprint_words
from agent.wire.messages import Facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.agent.agent_process import AgentProcess
    from tests.agent.certificates import Signed
    from tests.agent.fake_service import FakeService

pytestmark = pytest.mark.sockets

ROOT = Path(__file__).resolve().parents[2]
FACTS = Facts("host", "linux", "Linux", "1", "x86_64", "cpu", 1, 1, "0")
PinOf = Callable[["Signed", "Signed"], "FakeService"]


@pytest.fixture
def identity(tmp_path: Path) -> Identity:
    return make_identity(tmp_path / "identity.key")


@pytest.fixture
def service_with(tmp_path: Path) -> Iterator[PinOf]:
    """A service that shows these certificates."""
    from tests.agent.fake_service import FakeService

    started: list[FakeService] = []

    def start(ca: Signed, leaf: Signed) -> FakeService:
        started.append(FakeService(tmp_path, ca, leaf))
        started[-1].start()
        return started[-1]

    yield start
    for service in started:
        service.stop()


def try_to_enroll(
    service: FakeService,
    identity: Identity,
    folder: Path,
    *,
    token: str = "good-token",
    pin: str | None = None,
) -> Enrollment:
    """Fails the test when the agent would have waited and tried again."""

    def no_second_try(seconds: float) -> None:
        raise AssertionError("it would try again")

    return enroll(
        Invitation(service.url, pin or service.pin, token),
        identity,
        FACTS,
        folder / "enrollment.json",
        backoff=Backoff(lambda low, high: high),
        sleep=no_second_try,
    )


def test_a_good_token_and_pin(service: FakeService, identity: Identity, tmp_path: Path) -> None:
    enrollment = try_to_enroll(service, identity, tmp_path)
    assert load_enrollment(tmp_path / "enrollment.json") == enrollment
    assert enrollment.pin == service.pin
    assert enrollment.fingerprint == fingerprint_words(identity.public_key)
    [request] = service.enrolled
    assert (request.facts, bytes.fromhex(request.public_key)) == (FACTS, identity.public_key)


def test_a_wrong_pin_sends_nothing(service: FakeService, identity: Identity, tmp_path: Path) -> None:
    with pytest.raises(AgentError, match="is not the one of this pin"):
        try_to_enroll(service, identity, tmp_path, pin="sha256:" + "0" * 64)
    assert service.enrolled == []
    assert not (tmp_path / "enrollment.json").exists()


def test_an_evil_leaf_beside_the_genuine_ca_sends_nothing(
    service_with: PinOf, identity: Identity, tmp_path: Path, ca: Signed
) -> None:
    """Anybody can show the genuine CA's certificate; only its owner can sign with it."""
    from tests.agent.certificates import make_ca, make_leaf

    service = service_with(ca, make_leaf(make_ca()))
    with pytest.raises(AgentError, match="somebody may be in between"):
        try_to_enroll(service, identity, tmp_path)
    assert service.enrolled == []


def test_a_leaf_of_the_ca_for_another_name_is_refused(
    service_with: PinOf, identity: Identity, tmp_path: Path, ca: Signed
) -> None:
    from tests.agent.certificates import make_leaf

    service = service_with(ca, make_leaf(ca, "localhost"))
    with pytest.raises(AgentError, match="somebody may be in between"):
        try_to_enroll(service, identity, tmp_path)
    assert service.enrolled == []


@pytest.mark.parametrize("days", [-400, 400])
def test_a_clock_that_lies_keeps_nobody_out(
    service_with: PinOf, identity: Identity, tmp_path: Path, ca: Signed, days: int
) -> None:
    from tests.agent.certificates import make_leaf

    day = datetime.timedelta(days=1)
    service = service_with(ca, make_leaf(ca, starts=days * day, ends=(days + 30) * day))
    assert try_to_enroll(service, identity, tmp_path).device_id == 1


def test_a_wrong_token_is_refused_with_the_services_sentence(
    service: FakeService, identity: Identity, tmp_path: Path
) -> None:
    with pytest.raises(
        AgentError, match=r"refused the enrolment: This enrolment token is not valid any more\."
    ):
        try_to_enroll(service, identity, tmp_path, token="stale")
    assert not (tmp_path / "enrollment.json").exists()


def test_a_lost_answer_does_no_harm(service: FakeService, identity: Identity, tmp_path: Path) -> None:
    waits: list[float] = []
    service.lose_enroll_answers = 2
    enrollment = enroll(
        Invitation(service.url, service.pin, "good-token"),
        identity,
        FACTS,
        tmp_path / "enrollment.json",
        backoff=Backoff(lambda low, high: high),
        sleep=waits.append,
    )
    assert waits == [1, 2]
    assert {request.public_key for request in service.enrolled} == {identity.public_key.hex()}
    assert enrollment.device_id == 1


def test_a_network_that_is_down_is_tried_again_for_ever(
    service: FakeService, identity: Identity, tmp_path: Path
) -> None:
    waits: list[float] = []
    port = service.port
    service.stop()

    def up_again_at_last(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 9:
            service.start(port)

    enrollment = enroll(
        Invitation(f"https://127.0.0.1:{port}", service.pin, "good-token"),
        identity,
        FACTS,
        tmp_path / "enrollment.json",
        backoff=Backoff(lambda low, high: high),
        sleep=up_again_at_last,
    )
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert enrollment.device_id == 1


def test_something_that_speaks_no_tls_is_tried_again(identity: Identity, tmp_path: Path) -> None:
    waits: list[float] = []

    def give_up_then(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            raise KeyboardInterrupt

    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(KeyboardInterrupt):
        talk = threading.Thread(target=answer_in_plain_http, args=(listener, 2))
        talk.start()
        enroll(
            Invitation(f"https://127.0.0.1:{listener.getsockname()[1]}", "sha256:" + "0" * 64, "token"),
            identity,
            FACTS,
            tmp_path / "enrollment.json",
            backoff=Backoff(lambda low, high: high),
            sleep=give_up_then,
        )
    talk.join()
    assert waits == [1, 2]


def answer_in_plain_http(listener: socket.socket, times: int) -> None:
    for _ in range(times):
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


# ---- the command line


def run(*arguments: str, stdin: str = "") -> tuple[int, str]:
    """(exit code, stderr) of `python -m agent run ...`."""
    done = subprocess.run(
        [sys.executable, "-m", "agent", "run", *arguments],
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr


def invited(service: FakeService, folder: Path, **changed: str) -> list[str]:
    given = {"data-dir": str(folder), "server": service.url, "pin": service.pin, "token-file": "-", **changed}
    return [word for name, value in given.items() for word in (f"--{name}", value)]


def test_wrong_pin_and_wrong_token_end_with_one_sentence(service: FakeService, tmp_path: Path) -> None:
    pin = "sha256:" + "ab" * 32
    code, stderr = run(*invited(service, tmp_path / "device", pin=pin), stdin="good-token\n")
    assert (code, stderr.count("\n")) == (1, 1)
    assert "is not the one of this pin" in stderr
    code, stderr = run(*invited(service, tmp_path / "device"), stdin="bad-token\n")
    assert (code, stderr.count("\n")) == (1, 1)
    assert "not valid any more" in stderr
    written = b"".join(path.read_bytes() for path in (tmp_path / "device").rglob("*") if path.is_file())
    assert b"bad-token" not in written + stderr.encode()


def test_the_key_is_kept_from_one_try_to_the_next(service: FakeService, tmp_path: Path) -> None:
    run(*invited(service, tmp_path / "device"), stdin="bad-token\n")
    before = load_identity(tmp_path / "device" / "identity.key")
    run(*invited(service, tmp_path / "device"), stdin="bad-token\n")
    after = load_identity(tmp_path / "device" / "identity.key")
    assert before is not None
    assert after is not None
    assert before.public_key == after.public_key


def test_only_the_first_start_needs_the_token(service: FakeService, agent: AgentProcess) -> None:
    agent.start()
    agent.stop()
    enrollment = load_enrollment(agent.folder / "enrollment.json")
    service.tokens.clear()
    agent.start()
    assert len(service.enrolled) == 1
    assert load_enrollment(agent.folder / "enrollment.json") == enrollment


def test_a_new_address_is_kept(service: FakeService, agent: AgentProcess) -> None:
    agent.start()
    agent.stop()
    service.stop()
    service.start()
    agent.start()
    enrollment = load_enrollment(agent.folder / "enrollment.json")
    assert enrollment is not None
    assert enrollment.server == service.url
    assert len(service.enrolled) == 1


def test_a_second_agent_on_the_same_folder_is_refused(service: FakeService, agent: AgentProcess) -> None:
    agent.start()
    code, stderr = run("--data-dir", str(agent.folder))
    assert (code, stderr.count("\n")) == (1, 1)
    assert "Another agent is using the data folder" in stderr


def test_a_folder_of_another_service_is_refused(service: FakeService, agent: AgentProcess) -> None:
    agent.start()
    agent.stop()
    code, stderr = run(*invited(service, agent.folder, pin="sha256:" + "ab" * 32), stdin="good-token\n")
    assert (code, stderr.count("\n")) == (1, 1)
    assert "belongs to a device of another service" in stderr


def test_the_key_and_the_folder_are_for_their_owner_only(service: FakeService, agent: AgentProcess) -> None:
    agent.start()
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in agent.folder.iterdir()}
    assert stat.S_IMODE(agent.folder.stat().st_mode) == 0o700
    assert modes["identity.key"] == modes["enrollment.json"] == 0o600
    assert modes["journal"] == modes["attempts"] == modes["logs"] == 0o700
