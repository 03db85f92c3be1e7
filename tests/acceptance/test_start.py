"""Starting in bad weather: ports that are taken, agents that are not let in, a listener that moves."""

from __future__ import annotations

import contextlib
import datetime
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.processes import (
    AgentProcess,
    ServiceProcess,
    connected_device,
    eventually,
    run_python,
)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program holds."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield int(holder.getsockname()[1])


@contextlib.contextmanager
def _with_owner(folder: Path) -> Iterator[ServiceProcess]:
    started = ServiceProcess(folder).start()
    try:
        started.create_owner()
        yield started
    finally:
        started.stop()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ServiceProcess]:
    with _with_owner(tmp_path / "service") as started:
        yield started


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """For agents that are not let in: nothing of them is left for the next test."""
    with _with_owner(tmp_path_factory.mktemp("refusing") / "service") as started:
        yield started


def _enrol(service: ServiceProcess, folder: Path, **changes: str) -> tuple[int, str]:
    """Exit code and stderr of an agent that is to enrol with this token and pin."""
    (folder / "token").write_text(changes.get("token") or service.enrollment_token())
    done = run_python(
        "-m", "agent", "run", "--data-dir", str(folder / "agent"), "--server", service.ready["agent_url"],
        "--pin", changes.get("pin", service.ready["agent_pin"]), "--token-file", str(folder / "token"),
    )  # fmt: skip
    return done.returncode, done.stderr


@pytest.mark.parametrize(("option", "use"), [("--admin-port", "the console"), ("--agent-port", "agents")])
def test_an_explicit_port_that_is_taken_is_one_sentence(
    tmp_path: Path, taken: int, option: str, use: str
) -> None:
    folder = str(tmp_path / "service")
    done = run_python("-m", "backend_lite", "serve", "--data-dir", folder, option, str(taken))
    assert done.returncode == 1
    assert done.stdout == ""
    sentence = done.stderr.strip().splitlines()[-1]
    assert f"Port {taken}" in sentence
    assert use in sentence
    assert option in sentence
    assert "Traceback" not in done.stderr


def test_the_agent_port_is_kept_over_starts_unless_somebody_else_has_it(service: ServiceProcess) -> None:
    first = service.ready["agent_url"]
    service.stop()
    service.start()
    assert service.ready["agent_url"] == first
    service.stop()
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", int(first.rpartition(":")[2])))
        holder.listen()
        service.start()
        assert service.ready["agent_url"] != first


@pytest.mark.skipif(sys.platform == "win32", reason="rights are access lists there")
def test_nobody_else_reads_what_the_service_writes(refusing: ServiceProcess) -> None:
    for path in (refusing.folder, *refusing.folder.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_wrong_pin_is_refused_by_the_agent(refusing: ServiceProcess, tmp_path: Path) -> None:
    code, said = _enrol(refusing, tmp_path, pin="sha256:" + "0" * 64)
    assert code == 1
    assert "pin" in said.lower()
    assert "Traceback" not in said
    assert refusing.api().get("/api/v1/devices") == []


def test_a_wrong_token_is_refused_by_the_service(refusing: ServiceProcess, tmp_path: Path) -> None:
    code, said = _enrol(refusing, tmp_path, token="dfe_" + "A" * 43)
    assert code == 1
    assert "token" in said.lower()
    assert "Traceback" not in said


def test_an_expired_token_is_refused_and_says_so(refusing: ServiceProcess, tmp_path: Path) -> None:
    token = refusing.enrollment_token("--ttl", "1s")
    api = refusing.api()
    tokens = "/api/v1/enrollment-tokens"
    eventually(lambda: _expired(api.get(tokens)), "expired token")
    code, said = _enrol(refusing, tmp_path, token=token)
    assert code == 1
    assert "expired" in said


def test_a_revoked_token_is_refused(refusing: ServiceProcess, tmp_path: Path) -> None:
    token = refusing.enrollment_token()
    api = refusing.api()
    found = api.get("/api/v1/enrollment-tokens")
    items = found["items"] if isinstance(found, dict) else found
    api.call("DELETE", f"/api/v1/enrollment-tokens/{items[0]['id']}")
    code, said = _enrol(refusing, tmp_path, token=token)
    assert code == 1
    assert "revoked" in said


def test_a_device_waits_for_approval_and_works_once_it_has_it(
    service: ServiceProcess, tmp_path: Path
) -> None:
    agent = AgentProcess(tmp_path / "agent").start(service, service.enrollment_token())
    try:
        api = service.api()
        device = connected_device(api)
        assert api.get(f"/api/v1/devices/{device}")["admission"] == "pending"
        run_id = api.start(api.make_script("hello", "echo hello\n"), device)
        assert "before it is approved" in api.run(run_id)["waiting"]
        api.post(f"/api/v1/devices/{device}/approve")
        assert api.ended(run_id)["state"] == "succeeded"
    finally:
        agent.stop()


def test_a_connected_agent_follows_the_listener_to_every_address(
    service: ServiceProcess, tmp_path: Path
) -> None:
    agent = AgentProcess(tmp_path / "agent").start(service, service.enrollment_token("--auto-approve"))
    try:
        api = service.api()
        device = connected_device(api)
        moved = api.call("PUT", "/api/v1/agent-endpoint", {"host": "0.0.0.0"})  # noqa: S104
        assert moved["pin"] == service.ready["agent_pin"]
        run_id = api.start(api.make_script("hello", "echo hello\n"), device)
        assert api.ended(run_id)["state"] == "succeeded"
    finally:
        agent.stop()


def _expired(found: object) -> bool:
    items = found["items"] if isinstance(found, dict) else found
    assert isinstance(items, list)
    ends = datetime.datetime.fromisoformat(items[0]["expires_at"])
    return datetime.datetime.now(datetime.UTC) > ends
